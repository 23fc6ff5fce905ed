// A unix socket in front of a real engine that sees what plugins write, and goes on seeing it when the program behind it is killed: then
// only the plugin's standard input ends, as it does without a tap. So acts are counted where no crash of the program can lose one.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressOf } from '../engine/cuttable-proxy.ts';
import type { Mark } from './history.ts';

const ACTED = /@@acted (inv_\w+) (\d+) (run_\w+)\/(\w+)\/(\w+)@@/g;
/** longer than any mark */
const CARRY = 400;

export class EngineTap implements AsyncDisposable {
  readonly marks: Mark[] = [];
  readonly #folder: string;
  readonly #target: string;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  #server: Server | null = null;

  private constructor(folder: string, target: string) {
    this.#folder = folder;
    this.#target = target;
  }

  /** @param target text of DOCKER_HOST of the real engine */
  static async open(target: string): Promise<EngineTap> {
    const tap = new EngineTap(await mkdtemp(join(tmpdir(), 'gantry-tap-')), target);
    await tap.mend();
    return tap;
  }

  /** As an engine that is gone: no connection stands, none can be made. What plugins write meanwhile is still seen. */
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
      this.#join(client);
    });
    server.listen(this.#socketPath);
    await once(server, 'listening');
    this.#server = server;
  }

  get dockerHost(): string {
    return `unix://${this.#socketPath}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    for (const socket of this.#sockets) socket.destroy();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #socketPath(): string {
    return join(this.#folder, 'engine.sock');
  }

  #join(client: Socket): void {
    const engine = connect({ ...addressOf(this.#target), allowHalfOpen: true });
    for (const socket of [client, engine]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    this.#clients.add(client);
    client.once('close', () => this.#clients.delete(client));
    client.pipe(engine);
    this.#watch(engine);
    engine.on('data', (chunk: Buffer) => {
      if (client.writable && !client.write(chunk)) engine.pause();
    });
    client.on('drain', () => engine.resume());
    engine.once('end', () => client.end());
    engine.once('close', () => client.destroy());
    client.once('close', () => {
      engine.end();
      engine.resume();
    });
  }

  #watch(engine: Socket): void {
    let carry = '';
    engine.on('data', (chunk: Buffer) => {
      const text = carry + chunk.toString('latin1');
      let end = 0;
      for (const found of text.matchAll(ACTED)) {
        const [whole, invocationId = '', attempt, runId = '', hook = '', plugin = ''] = found;
        this.marks.push({ invocationId, runId, hook, plugin, attempt: Number(attempt) });
        end = found.index + whole.length;
      }
      carry = text.slice(Math.max(end, text.length - CARRY));
    });
  }
}
