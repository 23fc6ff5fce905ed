// Makes named pipes, which Node cannot, by a shell that stays: starting a program stops the whole of this one until the system has come
// round to it (66 ms measured on a busy machine), and that would be at every start of a sandbox. The shell ends with its input, so with us.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { raced } from '../../core/deadline.ts';

/** For each line, a folder: both pipes in it. Answers with a line: `ok`, or what mkfifo said. */
const SCRIPT = `set -f
while IFS= read -r folder; do
  if said=$(mkfifo -m 600 "$folder/in" "$folder/out" 2>&1); then echo ok; else set -- $said; echo "failed: $*"; fi
done`;

type Shell = ChildProcessByStdio<Writable, Readable, null>;

export class FifoMaker implements Disposable {
  /** in the order of the lines that were written */
  #asked: PromiseWithResolvers<undefined>[] = [];
  #shell: Shell | null = null;

  /** Makes `in` and `out` in the folder. Rejects with what the system said, or the signal's reason. */
  async make(folder: string, signal: AbortSignal): Promise<void> {
    if (folder.includes('\n')) throw new Error('a folder with a line end in its name');
    const asked = Promise.withResolvers<undefined>();
    this.#shell ??= this.#start();
    this.#asked.push(asked);
    this.#shell.stdin.write(`${folder}\n`);
    await raced(asked.promise, signal);
  }

  [Symbol.dispose](): void {
    this.#shell?.stdin.end();
  }

  /** It keeps nobody from ending. */
  #start(): Shell {
    const shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'ignore'] });
    shell.unref();
    for (const stream of [shell.stdin, shell.stdout]) (stream as Partial<{ unref(): void }>).unref?.();
    shell.stdin.on('error', () => undefined);
    createInterface(shell.stdout).on('line', (line) => {
      const asked = this.#asked.shift();
      if (line === 'ok') asked?.resolve(undefined);
      else asked?.reject(new Error(line));
    });
    const onEnd = (error?: unknown): void => {
      if (this.#shell !== shell) return;
      this.#shell = null;
      const left = this.#asked;
      this.#asked = [];
      for (const asked of left)
        asked.reject(error instanceof Error ? error : new Error('the shell that makes them ended'));
    };
    shell.once('error', onEnd);
    shell.once('close', () => {
      onEnd();
    });
    return shell;
  }
}
