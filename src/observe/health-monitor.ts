// Asks each component whether it works, for /readyz, the panel and the `*_up` gauges. Answers are kept for a second and callers at the
// same time share one check, so that probes cannot load the store or the engine; a check that hangs counts as down.
import { raced, within } from '../core/deadline.ts';
import { messageOf } from '../core/errors/gantry-error.ts';
import type { Clock } from '../core/ports/clock.ts';

export interface HealthCheck {
  readonly name: string;
  /** false: shown, but the program is ready without it */
  readonly isRequired: boolean;
  /** Resolves with a version or state in a few words; rejects when down. */
  check(signal: AbortSignal): Promise<string>;
}

export interface ComponentState {
  readonly name: string;
  readonly isUp: boolean;
  readonly message: string;
}

export interface HealthState {
  readonly isReady: boolean;
  readonly components: readonly ComponentState[];
}

const KEPT_MS = 1_000;
const CHECK_MS = 3_000;

export class HealthMonitor {
  readonly #checks: readonly HealthCheck[];
  readonly #clock: Clock;
  #latest: { readonly atMs: number; readonly state: Promise<HealthState> } | null = null;

  constructor(checks: readonly HealthCheck[], clock: Clock) {
    this.#checks = checks;
    this.#clock = clock;
  }

  /** Never rejects. */
  health(): Promise<HealthState> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#latest === null || nowMs - this.#latest.atMs >= KEPT_MS) {
      this.#latest = { atMs: nowMs, state: this.#ask() };
    }
    return this.#latest.state;
  }

  async #ask(): Promise<HealthState> {
    const components = await Promise.all(this.#checks.map((check) => this.#askOne(check)));
    const isReady = this.#checks.every((check, index) => !check.isRequired || components[index]?.isUp === true);
    return { isReady, components };
  }

  async #askOne(asked: HealthCheck): Promise<ComponentState> {
    try {
      const message = await within(this.#clock, CHECK_MS, null, (signal) => raced(asked.check(signal), signal));
      return { name: asked.name, isUp: true, message };
    } catch (error) {
      return { name: asked.name, isUp: false, message: messageOf(error).slice(0, 300) };
    }
  }
}
