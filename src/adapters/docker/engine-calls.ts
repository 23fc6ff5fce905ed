// The one way to make a request. dockerode never settles when the daemon dies after its headers, so every request is raced with a
// signal of its own, which aborts at the caller's signal and when the engine is lost; a failed request always frees its socket.
import { raced } from '../../core/deadline.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type { EngineAddress } from './engine-address.ts';
import { abortError, EngineRefusal, toEngineError } from './engine-errors.ts';

/** Every operation with the status of its success, which dockerode does not tell. */
const SUCCESS = {
  info: '200',
  version: '200',
  create: '201',
  inspect: '200',
  attach: '101',
  wait: '200',
  start: '204',
  kill: '204',
  remove: '204',
  list: '200',
  events: '200',
  image_inspect: '200',
  image_pull: '200',
  image_tag: '201',
  image_remove: '200',
  image_list: '200',
  image_build: '200',
} as const;
export type EngineOperation = keyof typeof SUCCESS;

export interface CallsOptions {
  readonly address: EngineAddress;
  readonly clock: Clock;
  readonly events: EventSink;
}

export class EngineCalls {
  readonly #options: CallsOptions;
  readonly #open = new Set<(reason: GantryError) => void>();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  get address(): EngineAddress {
    return this.#options.address;
  }

  /** Calls `end` once when the engine is lost, unless disposed of before. */
  whileOpen(end: (reason: GantryError) => void): Disposable {
    this.#open.add(end);
    return { [Symbol.dispose]: () => void this.#open.delete(end) };
  }

  /** Rejects every open request and ends every open stream. */
  loseAll(reason: GantryError): void {
    const open = [...this.#open];
    this.#open.clear();
    for (const end of open) end(reason);
  }

  /**
   * Makes one request and reports it.
   * @param onLate gets a result that arrives after the request was given up, to free it
   * @throws GantryError DOCKER_UNAVAILABLE, ENGINE_FAILED (an EngineRefusal), ENGINE_TIMEOUT; or the reason of the caller's signal
   */
  async run<T>(
    operation: EngineOperation,
    outer: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
    onLate?: (result: T) => void,
  ): Promise<T> {
    if (outer.aborted) throw abortError(outer.reason, operation);
    const startedMs = this.#options.clock.monotonicMs();
    const controller = new AbortController();
    const onAbort = (): void => {
      controller.abort(outer.reason);
    };
    outer.addEventListener('abort', onAbort, { once: true });
    using _open = this.whileOpen((reason) => {
      controller.abort(reason);
    });
    const working = work(controller.signal);
    try {
      const result = await raced(working, controller.signal);
      this.#report(operation, SUCCESS[operation], startedMs);
      return result;
    } catch (thrown) {
      if (onLate !== undefined) working.then(onLate, () => undefined);
      const error = controller.signal.aborted
        ? abortError(controller.signal.reason, operation)
        : toEngineError(thrown, operation, this.#options.address);
      controller.abort(error);
      this.#report(operation, resultOf(error), startedMs);
      throw error;
    } finally {
      outer.removeEventListener('abort', onAbort);
    }
  }

  #report(operation: EngineOperation, result: string, startedMs: number): void {
    const durationMs = this.#options.clock.monotonicMs() - startedMs;
    this.#options.events.emit({ kind: 'engineRequestFinished', operation, result, durationMs });
  }
}

function resultOf(error: unknown): string {
  if (error instanceof EngineRefusal) return String(error.status);
  if (!(error instanceof GantryError)) return 'aborted';
  if (error.code === 'DOCKER_UNAVAILABLE') return 'unreachable';
  if (error.code === 'ENGINE_TIMEOUT') return 'timeout';
  return error.code === 'ENGINE_FAILED' || error.code === 'DEFECT' ? 'unreadable' : 'aborted';
}
