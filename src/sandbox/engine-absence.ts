// How an invocation waits for an engine that is away: its input has not left, so it is taken up again when the engine is back. It asks the engine
// for nothing meanwhile: whoever follows the engine's events finds out, for all who wait.
import { raced } from '../core/deadline.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { InvocationStop } from './invocation-stop.ts';
import type { SandboxContext } from './sandbox-context.ts';

/** Before the next try with an engine whose events come, though it could not be reached or did not answer. */
const REST_FIRST_MS = 250;
const REST_LONGEST_MS = 5_000;

/** True for what a start fails with when the engine cannot be reached, or does not answer: nothing was wrong with the start. */
export function isEngineAway(error: unknown): error is GantryError {
  return error instanceof GantryError && (error.code === 'DOCKER_UNAVAILABLE' || error.code === 'ENGINE_TIMEOUT');
}

export class EngineAbsence {
  readonly #context: Pick<SandboxContext, 'engine' | 'clock'>;
  readonly #stop: InvocationStop;
  #restMs = REST_FIRST_MS;

  constructor(context: Pick<SandboxContext, 'engine' | 'clock'>, stop: InvocationStop) {
    this.#context = context;
    this.#stop = stop;
  }

  /** Settles when a start may be tried, or tried again. @throws the stop's reason */
  async end(): Promise<void> {
    const { engine, clock } = this.#context;
    const { signal } = this.#stop;
    if (engine.isConnected()) {
      await clock.sleep(this.#restMs, signal);
      this.#restMs = Math.min(REST_LONGEST_MS, this.#restMs * 2);
      return;
    }
    this.#restMs = REST_FIRST_MS;
    const back = Promise.withResolvers<undefined>();
    using _listening = engine.onConnection((lost) => {
      if (lost === null) back.resolve(undefined);
    });
    if (engine.isConnected()) return;
    await raced(back.promise, signal);
  }
}
