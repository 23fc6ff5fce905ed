// A unix socket in front of a real engine whose connections the test can cut: how a killed daemon looks from here, with the daemon alive.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What passes between a client and the engine; when the client goes the engine's side is the joiner's to end. */
export type Join = (client: Socket, engine: Socket) => void;

export class CuttableProxy implements AsyncDisposable {
  readonly #folder: string;
  readonly #target: string;
  readonly #join: Join;
  readonly #clients = new Set<Socket>();
  #server: Server | null = null;

  private constructor(folder: string, target: string, joining: Join) {
    this.#folder = folder;
    this.#target = target;
    this.#join = joining;
  }

  /** @param target text of DOCKER_HOST of the real engine */
  static async open(target: string, joining: Join = pipeBoth): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(await mkdtemp(join(tmpdir(), 'gantry-proxy-')), target, joining);
    await proxy.mend();
    return proxy;
  }

  get dockerHost(): string {
    return `unix://${this.#socketPath}`;
  }

  /** As an engine that is gone: no connection stands, none can be made. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = server === null ? null : once(server, 'close');
    server?.close();
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    // Half-open on both sides, or the end of stdin would end the output, too.
    const server = createServer({ allowHalfOpen: true }, (client) => {
      this.#clients.add(client);
      client.once('close', () => this.#clients.delete(client));
      this.#join(client, connect({ ...addressOf(this.#target), allowHalfOpen: true }));
    });
    server.listen(this.#socketPath);
    await once(server, 'listening');
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #socketPath(): string {
    return join(this.#folder, 'engine.sock');
  }
}

function pipeBoth(client: Socket, engine: Socket): void {
  for (const [socket, other] of [
    [client, engine],
    [engine, client],
  ] as const) {
    socket.on('error', () => undefined);
    socket.on('close', () => {
      other.destroy();
    });
    socket.pipe(other);
  }
}

function addressOf(dockerHost: string): { path: string } | { host: string; port: number } {
  if (dockerHost.startsWith('unix://')) return { path: dockerHost.slice('unix://'.length) };
  const url = new URL(dockerHost);
  return { host: url.hostname, port: Number(url.port) };
}
