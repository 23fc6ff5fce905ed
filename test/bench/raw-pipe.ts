// The physical floor: the worker of the bare references as a child process over pipes, without any container.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { AnsweredLines } from './answered-lines.ts';
import { bareProgram, type BareWorker } from './bare-worker.ts';

export class RawPipe implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AnsweredLines;

  constructor(worker: BareWorker = 'plain') {
    this.#child = spawn('python3', ['-c', bareProgram(worker)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = new AnsweredLines((line) => this.#child.stdin.write(line));
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#lines.take(chunk);
    });
    this.#child.on('error', (error) => {
      this.#lines.fail(error);
    });
    this.#child.on('close', () => {
      this.#lines.fail(new Error('the child process ended'));
    });
  }

  /** Milliseconds from the request as a value to its answer as a value. */
  async call(request: unknown): Promise<number> {
    return await this.#lines.call(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
  }
}
