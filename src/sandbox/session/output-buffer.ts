// Stdout of one invocation, kept up to the output limit; what comes after the limit is only counted.

export class OutputBuffer {
  readonly #limitBytes: number;
  #chunks: Uint8Array[] = [];
  #seenBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get seenBytes(): number {
    return this.#seenBytes;
  }

  get isOverLimit(): boolean {
    return this.#seenBytes > this.#limitBytes;
  }

  /** Copies: the bytes are the transport's. */
  push(bytes: Uint8Array): void {
    this.#seenBytes += bytes.length;
    if (this.isOverLimit) this.#chunks = [];
    else this.#chunks.push(Uint8Array.from(bytes));
  }

  /** Everything that came; empty when it was over the limit. */
  bytes(): Uint8Array {
    const [only, ...more] = this.#chunks;
    if (only === undefined) return new Uint8Array();
    return more.length === 0 ? only : Buffer.concat(this.#chunks);
  }
}
