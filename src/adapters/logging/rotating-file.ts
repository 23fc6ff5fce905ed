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

  /** Lines that could not be written, or not surely. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Lines with their ends: as many as fit the current file in one write, the rest in the next. */
  write(lines: readonly string[]): void {
    try {
      this.#open();
      let [chunk, chunkBytes] = ['', 0];
      for (const line of lines) {
        const lineBytes = Buffer.byteLength(line);
        const heldBytes = this.#size + chunkBytes;
        if (heldBytes > 0 && heldBytes + lineBytes > this.#maxBytes) {
          this.#append(chunk, chunkBytes);
          [chunk, chunkBytes] = ['', 0];
          this.#rotate();
        }
        chunk += line;
        chunkBytes += lineBytes;
      }
      this.#append(chunk, chunkBytes);
    } catch {
      this.#dropped += lines.length;
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

  #append(text: string, bytes: number): void {
    if (this.#descriptor === null || bytes === 0) return;
    writeSync(this.#descriptor, text);
    this.#size += bytes;
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
