// Follows the engine's events of our own containers, for ever, and is thereby the one who knows whether the engine stands: a stream that ends
// means a lost engine, and every open request is rejected, because a request to a dead daemon may never settle by itself.
//   unknown → up ⇄ down      (each arrow is told to the listeners and emitted once)
import { addAbortSignal, Readable } from 'node:stream';
import type Docker from 'dockerode';
import { within } from '../../core/deadline.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { EngineEvent } from '../../core/ports/container-engine.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { EngineCalls } from './engine-calls.ts';
import { unavailable } from './engine-errors.ts';
import { INSTANCE_LABEL } from './instance-label.ts';
import { jsonLines } from './json-lines.ts';
import { readEvent } from './read-answers.ts';

const RETRY_MIN_MS = 100;
/** A try costs one connection: so seldom that nobody notices, so often that an engine that is back is not kept waiting. */
const RETRY_MAX_MS = 2_000;
const OPEN_DEADLINE_MS = 30_000;

export interface EngineEventsOptions {
  readonly docker: Docker;
  readonly calls: EngineCalls;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly logger: Logger;
}

export class EngineEvents implements AsyncDisposable {
  readonly #options: EngineEventsOptions;
  readonly #closing = new AbortController();
  readonly #eventListeners = new Set<(event: EngineEvent) => void>();
  readonly #connectionListeners = new Set<(lost: string | null) => void>();
  readonly #following: Promise<void>;
  #state: 'unknown' | 'up' | 'down' = 'unknown';

  constructor(options: EngineEventsOptions) {
    this.#options = options;
    this.#following = this.#followForEver(this.#closing.signal);
  }

  isConnected(): boolean {
    return this.#state === 'up';
  }

  onEvent(listener: (event: EngineEvent) => void): Disposable {
    return subscribe(this.#eventListeners, listener);
  }

  onConnection(listener: (lost: string | null) => void): Disposable {
    return subscribe(this.#connectionListeners, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new GantryError('DOCKER_UNAVAILABLE', 'the connection to the Docker Engine was closed');
    this.#closing.abort(closed);
    await this.#following;
    this.#state = 'down';
    this.#options.calls.loseAll(closed);
  }

  async #followForEver(closing: AbortSignal): Promise<void> {
    let delayMs = RETRY_MIN_MS;
    while (!closing.aborted) {
      const wasUp = await this.#follow(closing);
      if (wasUp) delayMs = RETRY_MIN_MS;
      await this.#options.clock.sleep(delayMs, closing).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, RETRY_MAX_MS);
    }
  }

  /** Follows one stream to its end; true when it stood for a while. */
  async #follow(closing: AbortSignal): Promise<boolean> {
    let wasUp = false;
    try {
      const stream = addAbortSignal(closing, await this.#open(closing));
      wasUp = true;
      this.#find();
      for await (const message of jsonLines(stream)) this.#deliver(message);
      throw new Error('the event stream ended');
    } catch (thrown) {
      if (!closing.aborted) this.#lose(unavailable(thrown, this.#options.calls.address));
    }
    return wasUp;
  }

  async #open(closing: AbortSignal): Promise<Readable> {
    const { docker, calls, clock, instanceId } = this.#options;
    // From the second of the request: what happens before the engine has subscribed us is then replayed, not missed.
    const since = Math.floor(clock.wallMs() / 1000);
    const filters = JSON.stringify({ type: ['container'], label: [`${INSTANCE_LABEL}=${instanceId}`] });
    return await within(clock, OPEN_DEADLINE_MS, closing, (signal) =>
      calls.run(
        'events',
        signal,
        async (abortSignal) => {
          const options: Docker.GetEventsOptions & { abortSignal: AbortSignal } = { since, filters, abortSignal };
          const stream: unknown = await docker.getEvents(options);
          if (!(stream instanceof Readable)) throw new GantryError('DEFECT', 'the event stream is no stream');
          return stream;
        },
        (late) => void late.on('error', () => undefined).destroy(),
      ),
    );
  }

  #deliver(message: unknown): void {
    try {
      const event = readEvent(message);
      if (event.type !== 'container' || event.labels[INSTANCE_LABEL] !== this.#options.instanceId) return;
      for (const listener of [...this.#eventListeners]) listener(event);
    } catch (thrown) {
      this.#options.logger.log('error', 'an engine event was dropped', { reason: messageOf(thrown) });
    }
  }

  #find(): void {
    this.#state = 'up';
    this.#options.events.emit({ kind: 'engineFound' });
    for (const listener of [...this.#connectionListeners]) listener(null);
  }

  #lose(reason: GantryError): void {
    // Also while it is down already: a call may have been made since, to an engine that died again half-way through its answer.
    this.#options.calls.loseAll(reason);
    if (this.#state === 'down') return;
    this.#state = 'down';
    this.#options.events.emit({ kind: 'engineLost', message: reason.message });
    for (const listener of [...this.#connectionListeners]) listener(reason.message);
  }
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): Disposable {
  listeners.add(listener);
  return { [Symbol.dispose]: () => void listeners.delete(listener) };
}
