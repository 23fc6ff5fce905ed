// A log file that is put aside when it is full: `gantry.log` → `gantry.log.1` → … and the oldest goes. Each process writes whole lines with
// O_APPEND, so several may share the file; a rename by one only means that the others end their old file first.
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { destination } from 'pino';

const NAME = 'gantry.log';

export interface RotatingFileOptions {
  readonly folder: string;
  readonly maxBytes: number;
  /** files kept, the current one included */
  readonly keep: number;
}

type Destination = ReturnType<typeof destination>;

export class RotatingFile implements Disposable {
  readonly #options: RotatingFileOptions;
  readonly #path: string;
  readonly #file: Destination;
  #bytes: number;

  /** @throws Error when the folder cannot be made or the file cannot be opened */
  constructor(options: RotatingFileOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    this.#path = join(options.folder, NAME);
    this.#file = destination({ dest: this.#path, append: true, sync: true });
    // A full disk costs log lines, never the program.
    this.#file.on('error', () => undefined);
    this.#bytes = statSync(this.#path).size;
  }

  write(line: string): void {
    const size = Buffer.byteLength(line);
    if (this.#bytes > 0 && this.#bytes + size > this.#options.maxBytes) this.#putAside();
    this.#bytes += size;
    try {
      this.#file.write(line);
    } catch {
      // as above
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#file.flushSync();
    } catch {
      // as above
    }
    this.#file.end();
  }

  #putAside(): void {
    const { keep } = this.#options;
    try {
      rmSync(`${this.#path}.${String(keep - 1)}`, { force: true });
      for (let age = keep - 2; age >= 1; age -= 1)
        moveIfThere(`${this.#path}.${String(age)}`, `${this.#path}.${String(age + 1)}`);
      if (keep > 1) moveIfThere(this.#path, `${this.#path}.1`);
      else rmSync(this.#path, { force: true });
      this.#file.reopen();
    } catch {
      // The old file goes on; it is tried again at the next full length.
    }
    this.#bytes = 0;
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
