// A database that speaks MongoDB's wire protocol, for tests. FerretDB's updates are not atomic under concurrency and it has no
// transactions: functional tests only. It ends with the test process, because it ends when its standard input closes. Its port is chosen here,
// apart from those that the kernel gives to whoever asks for any: the server lets go of a port that it found free before it listens there.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findFerretdb } from '../../../docker/setup/ensure-ferretdb.mjs';

export interface TestDatabase extends AsyncDisposable {
  /** mongodb://127.0.0.1:<port>/ */
  readonly uri: string;
  readonly pid: number;
}

/** Whether the server was built on this machine; without it a test says that it did not run. */
export function hasFerretdb(): boolean {
  return findFerretdb() !== undefined;
}

/** Kernels begin at 32,768. */
const PORTS = { min: 20_000, max: 30_000 } as const;
/** Ports that others have. */
const TRIES = 50;

/** Starts a server on a free loopback port with an empty folder of its own; disposing ends it and removes the folder. */
export async function startFerretdb(): Promise<TestDatabase> {
  for (let tries = 1; ; tries += 1) {
    const started = await startAt(randomInt(PORTS.min, PORTS.max));
    if (typeof started !== 'string') return started;
    if (!started.includes('address already in use') || tries === TRIES)
      throw new Error(`the MongoDB stand-in ended: ${started}`);
  }
}

/** A text when it ended: its complaints. */
async function startAt(port: number): Promise<TestDatabase | string> {
  const program = findFerretdb();
  if (program === undefined) throw new Error('the MongoDB stand-in is not built');
  const folder = await mkdtemp(join(tmpdir(), 'gantry-ferretdb-'));
  const address = `127.0.0.1:${String(port)}`;
  const child = spawn(program, [address, folder], { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-4000)));
  const isReady = await Promise.race([
    once(createInterface(child.stdout), 'line').then(() => true),
    closed.then(() => false),
  ]);
  if (!isReady) {
    await rm(folder, { recursive: true, force: true });
    return complaints;
  }
  return {
    uri: `mongodb://${address}/`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
