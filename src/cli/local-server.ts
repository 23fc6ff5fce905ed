// Commands without a running server get one inside this process, for their own length, on a loopback port of its own: so there is one
// path for every command, and the same checks.
import { loadConfig } from '../config/load-config.ts';
import type { Environment } from '../config/read-environment.ts';
import { findServer } from '../adapters/system/instance-folder.ts';
import type { Server } from '../compose.ts';

export interface LocalRequest {
  readonly root: string;
  readonly environment: Environment;
  readonly needs: 'store' | 'engine';
  readonly note: (text: string) => void;
  readonly stop: AbortSignal;
}

/** A server that is only slow must not be taken for none: the command would then run into its lock. A dead one refuses at once. */
const ANSWER_MS = 30_000;

/** The address of the server that holds the data folder, if one answers. */
export async function runningServer(root: string, environment: Environment): Promise<string | null> {
  const { dataFolder } = await loadConfig(root, environment);
  const address = await findServer(dataFolder);
  if (address === null) return null;
  try {
    const response = await fetch(new URL('/healthz', address.url), { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.arrayBuffer();
    return address.url;
  } catch {
    return null;
  }
}

/** @throws GantryError INSTANCE_LOCKED when a server holds the folder and does not answer */
export async function openLocalServer({ root, environment, needs, note, stop }: LocalRequest): Promise<Server> {
  const flags = new Map([
    ['web.port', '0'],
    ['web.host', '127.0.0.1'],
    ['logs.level', 'warn'],
  ]);
  const loaded = await loadConfig(root, environment, flags);
  if (needs === 'engine') note('no server is running: this command starts one for itself');
  // Most commands talk to a server that runs, and need none of what a server is made of: loading it takes most of their time.
  const { startServer } = await import('../compose.ts');
  const server = await startServer({ root, environment, loaded, needs, isPublic: false, stop });
  try {
    await server.settled(stop);
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
