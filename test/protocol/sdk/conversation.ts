// A conversation in protocol `stream` with a plugin that runs as a plain process or in a container: what the host would write, and what comes
// back, read by the host's own reader: what it calls a violation fails the conversation. Whatever is awaited has a generous deadline; an end of the plugin fails it at once, with what stderr said.
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { isViolation, readMessage } from '../../../src/protocol/stream/read-message.ts';

const DEADLINE_MS = 100_000;

export type Message = Readonly<Record<string, unknown>>;

/** A plugin that runs, wherever. */
export interface ProcessUnderTest {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** the exit code, once it has ended and all it wrote was read; null: by a signal */
  readonly ended: Promise<number | null>;
  /** Never throws: a plugin may be gone, and what is awaited tells. */
  write(bytes: string | Uint8Array): void;
  endInput(): void;
  /** Ends it by force. */
  kill(): void;
}

export class Conversation implements AsyncDisposable {
  readonly #plugin: ProcessUnderTest;
  readonly #messages: Message[] = [];
  readonly #ended: Promise<number | null>;
  #wake: () => void = () => undefined;
  #hasEnded = false;
  #stderr = '';
  #lastId = 0;
  #violation: string | null = null;

  constructor(plugin: ProcessUnderTest) {
    this.#plugin = plugin;
    plugin.stderr.on('data', (bytes: Buffer) => {
      this.#stderr += bytes.toString('utf8');
    });
    createInterface({ input: plugin.stdout }).on('line', (line) => {
      const read = readMessage(Buffer.from(line));
      if (isViolation(read)) this.#violation ??= `${read.message}: ${line.slice(0, 200)}`;
      else this.#messages.push(JSON.parse(line) as Message);
      this.#wake();
    });
    this.#ended = plugin.ended.finally(() => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The messages so far that nobody has awaited. */
  get unread(): readonly Message[] {
    return this.#messages;
  }

  /** Reads them all. */
  takeUnread(): readonly Message[] {
    return this.#messages.splice(0);
  }

  /** Writes a request; gives its id. */
  request(method: string, params: unknown = {}): number {
    this.#lastId += 1;
    this.write(JSON.stringify({ jsonrpc: '2.0', id: this.#lastId, method, params }));
    return this.#lastId;
  }

  /** Writes a `run` of this case of the fixture; its nonce is `nonce-<id>`. */
  run(name: string, members: Message = {}): number {
    const context = { run: { id: 'run_1', pipeline: 'p', trigger: 'api' }, hook: 'fetch', params: {}, results: {} };
    const invocation = { id: 'inv_1', nonce: `nonce-${String(this.#lastId + 1)}`, attempt: 1 };
    return this.request('run', {
      invocation,
      context: { ...context, data: { case: name, ...members } },
      config: { limit: 3 },
      secrets: { TOKEN: 'hush' },
      laterMember: [],
    });
  }

  notify(method: string, params: unknown): void {
    this.write(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Writes a line, with its end. */
  write(line: string | Uint8Array): void {
    this.#plugin.write(line);
    this.#plugin.write('\n');
  }

  endInput(): void {
    this.#plugin.endInput();
  }

  /** The first unread message that is meant; it is read by this. */
  async next(isMeant: (message: Message) => boolean): Promise<Message> {
    const giveUp = new AbortController();
    const deadline = after(DEADLINE_MS, 'late', { signal: giveUp.signal }).catch(() => 'ended');
    try {
      for (;;) {
        if (this.#violation !== null) throw new Error(this.#violation);
        const index = this.#messages.findIndex(isMeant);
        if (index >= 0) return this.#messages.splice(index, 1)[0] ?? {};
        if (this.#hasEnded) throw new Error(`the plugin has ended; stderr: ${this.#stderr}`);
        const woken = new Promise<string>((resolve) => {
          this.#wake = () => {
            resolve('woken');
          };
        });
        if ((await Promise.race([woken, deadline])) === 'late') throw new Error(`no such message; ${this.#stderr}`);
      }
    } finally {
      giveUp.abort();
    }
  }

  answerTo(id: number): Promise<Message> {
    return this.next((message) => message['id'] === id && !('method' in message));
  }

  notification(method: string): Promise<Message> {
    return this.next((message) => message['method'] === method);
  }

  ask(method: string, params: unknown = {}): Promise<Message> {
    return this.answerTo(this.request(method, params));
  }

  /** The result of one run of this case. */
  async resultOf(name: string, members: Message = {}): Promise<unknown> {
    return (await this.answerTo(this.run(name, members)))['result'];
  }

  /** The exit code, once the process has ended and all it wrote was read. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#plugin.kill();
    await this.#ended;
  }
}
