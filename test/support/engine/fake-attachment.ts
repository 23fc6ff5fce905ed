// The fake engine's attachment: the container's bounded pipes.
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { Attachment, CallOptions, OutputListener } from '../../../src/core/ports/container-engine.ts';
import type { FakeCalls } from './fake-calls.ts';
import type { FakeContainer } from './fake-container.ts';

export class FakeAttachment implements Attachment {
  readonly #container: FakeContainer;
  readonly #calls: FakeCalls;
  readonly #open: Disposable;
  #isDisposed = false;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(container: FakeContainer, calls: FakeCalls) {
    container.attach();
    this.#container = container;
    this.#calls = calls;
    this.#open = calls.whileOpen((reason) => {
      container.output.break(reason);
      container.input.end();
    });
  }

  async read(listener: OutputListener): Promise<void> {
    for await (const { stream, bytes } of this.#container.output.read()) listener(stream, bytes);
  }

  write(bytes: Uint8Array): boolean {
    // A copy, as a kernel makes: who wrote the bytes may give their memory back when they have left.
    const sent = this.#isDisposed
      ? Promise.reject(new Error('disposed of'))
      : this.#container.input.write(Uint8Array.from(bytes));
    this.#sending = Promise.all([this.#sending, sent]);
    this.#sending.catch(() => undefined);
    return !this.#isDisposed && this.#container.input.isTaking;
  }

  async flushed({ signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    if (this.#calls.lost !== null) throw this.#calls.lost;
    try {
      await this.#calls.until(signal, this.#sending);
    } catch (thrown) {
      if (signal.aborted || thrown instanceof GantryError) throw thrown;
      throw new GantryError('ENGINE_FAILED', 'the stream to the container is gone', { cause: thrown });
    }
  }

  closeInput(): void {
    this.#container.input.end();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#open[Symbol.dispose]();
    this.#container.output.discard();
    this.#container.input.end();
  }
}
