// The fake engine's attachment: the container's bounded pipes.
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { Attachment, CallOptions, OutputChunk } from '../../../src/core/ports/container-engine.ts';
import type { FakeCalls } from './fake-calls.ts';
import type { FakeContainer } from './fake-container.ts';

export class FakeAttachment implements Attachment {
  readonly output: AsyncIterable<OutputChunk>;
  readonly #container: FakeContainer;
  readonly #calls: FakeCalls;
  readonly #open: Disposable;
  #isDisposed = false;

  constructor(container: FakeContainer, calls: FakeCalls) {
    container.attach();
    this.#container = container;
    this.#calls = calls;
    this.output = container.output.read();
    this.#open = calls.whileOpen((reason) => {
      container.output.break(reason);
      container.input.end();
    });
  }

  async write(bytes: Uint8Array, { signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    if (this.#isDisposed) throw new GantryError('ENGINE_FAILED', 'the stream to the container is gone');
    if (this.#calls.lost !== null) throw this.#calls.lost;
    try {
      await this.#calls.until(signal, this.#container.input.write(bytes));
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
