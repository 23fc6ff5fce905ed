// What a session has to say since it was last asked: bytes for the plugin's stdin and events, each in its order.
import { UNREAD_ANSWER_BYTES_MAX } from './stream-limits.ts';
import type { SessionEvent } from './session-events.ts';

export class SessionOutbox {
  #output: Uint8Array[] = [];
  #events: SessionEvent[] = [];
  #answerBytes = 0;

  write(line: Uint8Array): void {
    this.#output.push(line);
  }

  /** Writes an answer to the plugin; false when it lets too many of them wait. */
  answer(line: Uint8Array): boolean {
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
    return taken;
  }

  takeEvents(): readonly SessionEvent[] {
    const taken = this.#events;
    this.#events = [];
    return taken;
  }
}
