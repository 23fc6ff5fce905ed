// What a session has to say since it was last asked: bytes for the plugin's stdin and events, each in its order.
import { UNREAD_ANSWER_BYTES_MAX } from './stream-limits.ts';
import type { SessionEvent } from './session-events.ts';

export class SessionOutbox {
  #output: Uint8Array[] = [];
  #events: SessionEvent[] = [];
  #answerBytes = 0;
  #unread = 0;

  /** Answers to admitted requests that were not taken yet. */
  get unreadAnswers(): number {
    return this.#unread;
  }

  write(line: Uint8Array): void {
    this.#output.push(line);
  }

  /** Writes the answer to a request that was admitted: how many of them can wait is bounded there. */
  answer(line: Uint8Array): void {
    this.#unread += 1;
    this.#output.push(line);
  }

  /** Writes a refusal; false when the plugin lets too many of them wait. */
  refuse(line: Uint8Array): boolean {
    this.#answerBytes += line.length;
    if (this.#answerBytes > UNREAD_ANSWER_BYTES_MAX) return false;
    this.#output.push(line);
    return true;
  }

  tell(event: SessionEvent): void {
    this.#events.push(event);
  }

  /** Nothing is written to a plugin whose session is over. */
  dropOutput(): void {
    this.takeOutput();
  }

  takeOutput(): readonly Uint8Array[] {
    const taken = this.#output;
    this.#output = [];
    this.#answerBytes = 0;
    this.#unread = 0;
    return taken;
  }

  takeEvents(): readonly SessionEvent[] {
    const taken = this.#events;
    this.#events = [];
    return taken;
  }
}
