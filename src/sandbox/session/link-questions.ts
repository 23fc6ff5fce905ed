// The questions of one stream link that wait for their answers.
import type { Said } from '../../protocol/stream/session-events.ts';

export class LinkQuestions {
  readonly #open = new Map<number, (said: Said) => void>();

  async answerTo(id: number): Promise<Said> {
    return await new Promise<Said>((resolve) => this.#open.set(id, resolve));
  }

  take(id: number, said: Said): void {
    this.#open.get(id)?.(said);
    this.#open.delete(id);
  }

  /** No answer will come any more. */
  end(why: string): void {
    for (const id of this.#open.keys()) this.take(id, { value: null, error: why });
  }
}
