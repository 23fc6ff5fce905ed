// A log file that is put aside when it is full: gantry.log → gantry.log.1 → … → gantry.log.<keep>, the oldest goes. Written synchronously, so
// that the last lines before a crash are there. A disk that is full or gone must not stop the program: lines are dropped and counted.
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface RotatingFileOptions {
  readonly folder: string;
  /** size at which the file is put aside */
  readonly maxBytes: number;
  /** files kept beside the current one */
  readonly keep: number;
}

const NAME = 'gantry.log';

export class RotatingFile {
  readonly #path: string;
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  #descriptor: number | null = null;
  #size = 0;
  #dropped = 0;

  constructor({ folder, maxBytes, keep }: RotatingFileOptions) {
    this.#folder = folder;
    this.#path = join(folder, NAME);
    this.#maxBytes = maxBytes;
    this.#keep = keep;
  }

  /** Lines that could not be written. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    try {
      const bytes = Buffer.from(line);
      this.#open();
      if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
      if (this.#descriptor === null) return;
      writeSync(this.#descriptor, bytes);
      this.#size += bytes.length;
    } catch {
      this.#dropped += 1;
      this.close();
    }
  }

  /** The next line opens it again. */
  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    if (descriptor === null) return;
    try {
      closeSync(descriptor);
    } catch {
      // Gone with its disk: nothing to close.
    }
  }

  #open(): void {
    if (this.#descriptor !== null) return;
    mkdirSync(this.#folder, { recursive: true });
    this.#descriptor = openSync(this.#path, 'a', 0o640);
    this.#size = fstatSync(this.#descriptor).size;
  }

  #rotate(): void {
    this.close();
    rmSync(`${this.#path}.${String(this.#keep)}`, { force: true });
    for (let number = this.#keep - 1; number >= 1; number -= 1) {
      const from = `${this.#path}.${String(number)}`;
      if (existsSync(from)) renameSync(from, `${this.#path}.${String(number + 1)}`);
    }
    if (this.#keep > 0) renameSync(this.#path, `${this.#path}.1`);
    else rmSync(this.#path, { force: true });
    this.#open();
  }
}
