// An engine that is none: a server at a socket that answers as a test likes, and the adapter that talks to it.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerEngine } from '../../../src/adapters/docker/docker-engine.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import type { DomainEvent } from '../../../src/core/events.ts';

export interface OddEngine extends AsyncDisposable {
  readonly engine: DockerEngine;
  readonly events: readonly DomainEvent[];
  readonly socketPath: string;
}

/** @param server what stands at the socket; null: nothing */
export async function openOdd(server: Server | null): Promise<OddEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-odd-'));
  const socketPath = join(folder, 'engine.sock');
  if (server !== null) await once(server.listen(socketPath), 'listening');
  const events: DomainEvent[] = [];
  const engine = new DockerEngine({
    dockerHost: `unix://${socketPath}`,
    instanceId: 'odd',
    clock: new SystemClock(),
    events: { emit: (event) => void events.push(event) },
    logger: { log: () => undefined },
  });
  return {
    engine,
    events,
    socketPath,
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]();
      server?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Answers the event stream as an engine would, and everything else with the listener. */
export function talking(listener: RequestListener): HttpServer {
  return createServer((request, response) => {
    if (request.url?.startsWith('/events') === true) response.writeHead(200).flushHeaders();
    else listener(request, response);
  });
}
