// One line out, one line back, any number under way: what both bare references do over their stream. Answers come in the order of the
// questions, so the oldest waiter is always the right one.
const LINE_FEED = 10;

interface Waiter {
  resolve(answer: Buffer): void;
  reject(reason: unknown): void;
}

export class AnsweredLines {
  readonly #write: (line: Uint8Array | string) => void;
  readonly #waiting: Waiter[] = [];
  #rest: Buffer[] = [];
  #failure: Error | null = null;

  /** @param write puts one whole line into the stream */
  constructor(write: (line: Uint8Array | string) => void) {
    this.#write = write;
  }

  /** Milliseconds from the request as a value to its answer as a value. */
  async call(request: unknown): Promise<number> {
    const startedMs = performance.now();
    const answer = await this.#exchange(`${JSON.stringify(request)}\n`);
    JSON.parse(answer.toString('utf8'));
    return performance.now() - startedMs;
  }

  /** Milliseconds from the write of the line to the end of the answer's. */
  async echo(line: Uint8Array): Promise<number> {
    const startedMs = performance.now();
    await this.#exchange(line);
    return performance.now() - startedMs;
  }

  /** Bytes of answers, cut anywhere. */
  take(bytes: Buffer): void {
    let from = 0;
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, from)) {
      const line = bytes.subarray(from, at);
      this.#waiting.shift()?.resolve(this.#rest.length === 0 ? line : Buffer.concat([...this.#rest, line]));
      this.#rest = [];
      from = at + 1;
    }
    if (from < bytes.length) this.#rest.push(bytes.subarray(from));
  }

  /** Nothing will be answered any more. */
  fail(reason: Error): void {
    this.#failure = reason;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason);
  }

  async #exchange(line: Uint8Array | string): Promise<Buffer> {
    if (this.#failure !== null) throw this.#failure;
    const answered = Promise.withResolvers<Buffer>();
    this.#waiting.push(answered);
    this.#write(line);
    return await answered.promise;
  }
}
