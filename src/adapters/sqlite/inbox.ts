// The messages of a port in their order, of which the next one can be seen before its turn: who does something that can wait stops for it.
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

export class Inbox<Message> {
  readonly #port: MessagePort;
  readonly #seen: Message[] = [];
  #take: (message: Message) => void = () => undefined;
  #isTaking = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** True when a message waits, which is then taken as soon as whoever asks has returned to the event loop. */
  get hasMore(): boolean {
    if (this.#seen.length > 0) return true;
    const next = receiveMessageOnPort(this.#port) as { readonly message: Message } | undefined;
    if (next === undefined) return false;
    this.#seen.push(next.message);
    if (!this.#isTaking) setImmediate(this.#takeAll);
    return true;
  }

  onMessage(take: (message: Message) => void): void {
    this.#take = take;
    this.#port.on('message', (message: Message) => {
      this.#seen.push(message);
      this.#takeAll();
    });
  }

  readonly #takeAll = (): void => {
    this.#isTaking = true;
    for (let next = this.#seen.shift(); next !== undefined; next = this.#seen.shift()) this.#take(next);
    this.#isTaking = false;
  };
}
