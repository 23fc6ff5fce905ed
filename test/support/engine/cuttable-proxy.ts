// A unix socket in front of a real engine whose connections the test can cut: how a killed daemon looks from here, with the daemon alive.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class CuttableProxy implements AsyncDisposable {
  readonly #folder: string;
  readonly #target: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  private constructor(folder: string, target: string) {
    this.#folder = folder;
    this.#target = target;
  }

  /** @param target text of DOCKER_HOST of the real engine */
  static async open(target: string): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(await mkdtemp(join(tmpdir(), 'gantry-proxy-')), target);
    await proxy.mend();
    return proxy;
  }

  get dockerHost(): string {
    return `unix://${this.#socketPath}`;
  }

  /** Ends every connection at once and listens no more. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = server === null ? null : once(server, 'close');
    server?.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    // Half-open on both sides, or the end of stdin would end the output, too.
    const server = createServer({ allowHalfOpen: true }, (client) => {
      this.#join(client);
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

  #join(client: Socket): void {
    const engine = connect({ ...addressOf(this.#target), allowHalfOpen: true });
    for (const [socket, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}

export function addressOf(dockerHost: string): { path: string } | { host: string; port: number } {
  if (dockerHost.startsWith('unix://')) return { path: dockerHost.slice('unix://'.length) };
  const url = new URL(dockerHost);
  return { host: url.hostname, port: Number(url.port) };
}
