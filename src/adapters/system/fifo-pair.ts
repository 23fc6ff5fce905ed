// Both pipes of one sandbox from their making to the removal of their folder. Three descriptors: of `in` one that writes, and, until the
// sandbox has opened it, one that reads as well: without a reader nobody can open a pipe for writing without waiting. Of `out` the one that reads.
import { close } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attachment } from '../../core/ports/container-engine.ts';
import type { PipePair } from '../../core/ports/named-pipes.ts';
import { FifoAttachment } from './fifo-attachment.ts';

export interface PairFds {
  /** reads and writes `in`: our own writes have a reader until the sandbox is one */
  readonly keeperFd: number;
  readonly inputFd: number;
  readonly outputFd: number;
}

export class FifoPair implements PipePair {
  readonly folder: string;
  readonly opened: Promise<undefined>;
  readonly #fds: PairFds;
  readonly #opened = Promise.withResolvers<undefined>();
  #isOpened = false;
  #isKept = true;
  #attachment: Attachment | null = null;
  #isDisposed = false;

  constructor(folder: string, fds: PairFds) {
    this.folder = folder;
    this.opened = this.#opened.promise;
    this.#fds = fds;
  }

  get isOpened(): boolean {
    return this.#isOpened;
  }

  join(engine: Attachment): Attachment {
    const { inputFd, outputFd } = this.#fds;
    this.#attachment = new FifoAttachment(engine, {
      inputFd,
      outputFd,
      outputPath: join(this.folder, 'out'),
      onOpened: () => {
        this.#isOpened = true;
        // From here on a write into the pipe of a sandbox that ended fails, as it should.
        this.#letKeeperGo();
        this.#opened.resolve(undefined);
      },
    });
    return this.#attachment;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#letKeeperGo();
    if (this.#attachment === null) for (const fd of [this.#fds.inputFd, this.#fds.outputFd]) close(fd, () => undefined);
    this.#attachment?.[Symbol.dispose]();
    // What cannot be removed now is swept away at the next start.
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined);
  }

  #letKeeperGo(): void {
    if (!this.#isKept) return;
    this.#isKept = false;
    close(this.#fds.keeperFd, () => undefined);
  }
}
