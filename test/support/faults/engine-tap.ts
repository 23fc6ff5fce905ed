// A unix socket in front of a real engine that sees what plugins write, and goes on seeing it when the program behind it is killed: then
// only the plugin's standard input ends, as it does without a tap. So acts are counted where no crash of the program can lose one.
import type { Socket } from 'node:net';
import { CuttableProxy } from '../engine/cuttable-proxy.ts';
import type { Mark } from './history.ts';

const ACTED = /@@acted (inv_\w+) (\d+) (run_\w+)\/(\w+)\/(\w+?)(?:\/(\d+))?@@/g;
/** longer than any mark */
const CARRY = 400;
const CREATE = /^POST \S*\/containers\/create\b/;
const MADE = /"Id":"([0-9a-f]{64})"/;
const HEAD = 200;

/** Containers that were asked for by a program that died before it heard of them: the engine makes them all the same. */
interface Unheard {
  readonly ids: Set<string>;
  /** connections on which a container is being made: the engine's side with the client's */
  readonly making: Map<Socket, Socket>;
}

export class EngineTap implements AsyncDisposable {
  readonly marks: readonly Mark[];
  readonly #proxy: CuttableProxy;
  readonly #engines: ReadonlySet<Socket>;
  readonly #unheard: Unheard;

  private constructor(proxy: CuttableProxy, marks: readonly Mark[], engines: ReadonlySet<Socket>, unheard: Unheard) {
    this.#proxy = proxy;
    this.#engines = engines;
    this.#unheard = unheard;
    this.marks = marks;
  }

  /** @param target text of DOCKER_HOST of the real engine */
  static async open(target: string): Promise<EngineTap> {
    const marks: Mark[] = [];
    const engines = new Set<Socket>();
    const unheard: Unheard = { ids: new Set(), making: new Map() };
    const proxy = await CuttableProxy.open(target, (client, engine) => {
      engines.add(engine);
      engine.once('close', () => engines.delete(engine));
      watch(engine, marks);
      watchCreates(client, engine, unheard);
      joinOneWay(client, engine);
    });
    return new EngineTap(proxy, marks, engines, unheard);
  }

  /** Ids of the containers that nobody has heard of; null while one may still be made. */
  get unheard(): ReadonlySet<string> | null {
    const { ids, making } = this.#unheard;
    return making.values().some(isGone) ? null : ids;
  }

  get dockerHost(): string {
    return this.#proxy.dockerHost;
  }

  /** What plugins write meanwhile is still seen. */
  async cut(): Promise<void> {
    await this.#proxy.cut();
  }

  async mend(): Promise<void> {
    await this.#proxy.mend();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
    for (const engine of this.#engines) engine.destroy();
  }
}

/** The end of the client ends what goes to the engine, and nothing of what comes from it. */
function joinOneWay(client: Socket, engine: Socket): void {
  for (const socket of [client, engine]) socket.on('error', () => undefined);
  client.pipe(engine);
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

function watchCreates(client: Socket, engine: Socket, { ids, making }: Unheard): void {
  client.on('data', (chunk: Buffer) => {
    if (CREATE.test(chunk.toString('latin1', 0, HEAD))) making.set(engine, client);
  });
  engine.on('data', (chunk: Buffer) => {
    if (!making.delete(engine)) return;
    const [, id] = MADE.exec(chunk.toString('latin1')) ?? [];
    if (id !== undefined && isGone(client)) ids.add(id);
  });
  engine.once('close', () => making.delete(engine));
}

function isGone(client: Socket): boolean {
  return client.readableEnded || client.destroyed;
}

function watch(engine: Socket, marks: Mark[]): void {
  let carry = '';
  engine.on('data', (chunk: Buffer) => {
    const text = carry + chunk.toString('latin1');
    let end = 0;
    for (const found of text.matchAll(ACTED)) {
      const [whole, invocationId = '', attempt, runId = '', hook = '', plugin = '', item] = found;
      const where = { invocationId, runId, hook, plugin, item: item === undefined ? null : Number(item) };
      marks.push({ ...where, attempt: Number(attempt) });
      end = found.index + whole.length;
    }
    carry = text.slice(Math.max(end, text.length - CARRY));
  });
}
