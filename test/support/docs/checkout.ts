// A copy of the repository to follow a document in: commands are run as they are written, in a shell, with the program of the copy.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { JsonObject } from '../../../src/core/json.ts';
import { removeImagesOf } from '../faults/instance-traces.ts';

const COPIED = ['src', 'docker', 'plugins', 'config', 'docs', 'package.json', 'package-lock.json', 'README.md'];
/** Of one command, and of a build that the server makes of itself: far beyond what a busy machine needs. */
const COMMAND_MS = 540_000;
const END_MS = 120_000;
const LOOK_MS = 100;
/** A folder that is seen half written, or whose build the engine refused, is looked at again long before. */
const FAILED_MS = 90_000;
const exec = promisify(execFile);

/** `npx gantry` without npm's own second of thinking; everything else is the author's text. */
const NPX = 'npx() { shift; "$DOCUMENTS_NODE" docker/setup/gantry.mjs "$@"; }';

export interface Checkout extends AsyncDisposable {
  readonly folder: string;
  /** of the server that runs in it */
  readonly url: string;
  /** Runs one command line; a failure rejects with what it printed. */
  run(command: string, limitMs?: number): Promise<string>;
  /** Waits until the server has noticed and built the plugin; fails with the problems of one that it cannot build. */
  untilReady(plugin: string, isRight?: (status: JsonObject) => boolean): Promise<void>;
}

/** Copies, and starts the server with a data folder inside of the copy. @param isBare without the sample plugins */
export async function makeCheckout(isBare = false): Promise<Checkout> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-checkout-'));
  for (const name of COPIED.filter((one) => !isBare || one !== 'plugins'))
    await cp(name, join(folder, name), { recursive: true });
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  const environment = environmentOf(folder);
  const server = spawn(process.execPath, ['src/main.ts', 'up', '--json'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  const url = await urlFrom(server.stdout, ended);
  return {
    folder,
    url,
    run: async (command, limitMs = COMMAND_MS) => {
      const options = { cwd: folder, env: environment, timeout: limitMs };
      const { stdout, stderr } = await exec('sh', ['-c', `${NPX}\n${command}`], options);
      return stdout + stderr;
    },
    untilReady: (plugin, isRight = () => true) => untilReady(`${url}/api/v1/plugins/${plugin}`, isRight),
    [Symbol.asyncDispose]: async () => {
      server.kill('SIGTERM');
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, END_MS).unref())]);
      await removeImagesOf(join(folder, '.gantry'));
      await rm(folder, { recursive: true });
    },
  };
}

function environmentOf(folder: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GANTRY_'));
  const engine = process.env['GANTRY_TEST_DOCKER_HOST'];
  return {
    ...Object.fromEntries(inherited),
    ...(engine === undefined ? {} : { DOCKER_HOST: engine }),
    DOCUMENTS_NODE: process.execPath,
    GANTRY_DATA: join(folder, '.gantry'),
    GANTRY_WEB_PORT: '0',
    GANTRY_METRICS_PORT: '0',
  };
}

/** The document that `up --json` prints once it listens; its log lines come before and after. */
async function urlFrom(stdout: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<string> {
  const found = Promise.withResolvers<string>();
  let seen = '';
  stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    const url = /"url": ?"(http:[^"]+)"/.exec(seen)?.[1];
    if (url !== undefined) found.resolve(url);
  });
  const early = ended.then((): never => {
    throw new Error(`the server ended before it listened: ${seen}`);
  });
  return await Promise.race([found.promise, early]);
}

async function untilReady(address: string, isRight: (status: JsonObject) => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(COMMAND_MS);
  let goodAtMs = performance.now();
  for (;;) {
    // Each on a connection of its own: one that is kept may be closed by the server in the moment in which it is taken again.
    const response = await fetch(address, { headers: { connection: 'close' }, signal: deadline });
    const status = (await response.json()) as JsonObject;
    if (response.ok && status['state'] === 'ready' && isRight(status)) return;
    if (!response.ok || status['state'] !== 'failed') goodAtMs = performance.now();
    if (performance.now() > goodAtMs + FAILED_MS) throw new Error(JSON.stringify(status['problems']));
    await sleep(LOOK_MS, undefined, { signal: deadline });
  }
}
