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
  readonly #server: Server;

  private constructor(folder: string, target: string) {
    this.#folder = folder;
    this.#target = target;
    // Half-open on both sides, or the end of stdin would end the output, too.
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      this.#join(client);
    });
  }

  /** @param target text of DOCKER_HOST of the real engine */
  static async open(target: string): Promise<EngineTap> {
    const tap = new EngineTap(await mkdtemp(join(tmpdir(), 'gantry-tap-')), target);
    tap.#server.listen(tap.#socketPath);
    await once(tap.#server, 'listening');
    return tap;
  }

  get dockerHost(): string {
    return `unix://${this.#socketPath}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
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
