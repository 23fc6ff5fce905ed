// A file of this folder as a process of its own that answers one message with one message, in order.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export class ChildProgram<Question, Answer> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<never>();

  constructor(file: string) {
    this.#child = fork(join(import.meta.dirname, file), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.once('exit', (code) => {
      this.#ended.reject(new Error(`${file} ended with ${String(code)}`));
    });
    this.#ended.promise.catch(() => undefined);
  }

  async ask(question: Question): Promise<Answer> {
    const answered = once(this.#child, 'message') as Promise<[Answer]>;
    this.#child.send({ question });
    const [answer] = await Promise.race([answered, this.#ended.promise]);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
