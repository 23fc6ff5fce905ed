// A database that speaks MongoDB's wire protocol, for tests. FerretDB's updates are not atomic under concurrency and it has no
// transactions: functional tests only. It ends with the test process, because it ends when its standard input closes.
import { spawn } from 'node:child_process';
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

/** Starts a server on a free loopback port with an empty folder of its own; disposing ends it and removes the folder. */
export async function startFerretdb(): Promise<TestDatabase> {
  const program = findFerretdb();
  if (program === undefined) throw new Error('the MongoDB stand-in is not built');
  const folder = await mkdtemp(join(tmpdir(), 'gantry-ferretdb-'));
  const child = spawn(program, ['127.0.0.1:0', folder], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-4000)));
  const address = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([line]) => String(line).replace(/^ready /, '')),
    ended.then(() => Promise.reject(new Error(`the MongoDB stand-in ended: ${complaints}`))),
  ]);
  return {
    uri: `mongodb://${address}/`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
