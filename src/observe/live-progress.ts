// How far invocations are that are at work now, by what their plugins last said: kept from events, gone when the invocation has ended.
import type { InvocationId } from '../core/ids.ts';
import type { DomainEvent } from '../core/events.ts';
import type { Progress } from '../core/reported.ts';

/** A bound for the case that an end is never told: far more than can be at work at once. */
const KEPT_MAX = 10_000;

export class LiveProgress {
  readonly #byInvocation = new Map<InvocationId, Progress>();

  /** An `EventListener`. */
  readonly record = (event: DomainEvent): void => {
    if (event.kind === 'invocationFinished') this.#byInvocation.delete(event.invocation.id);
    if (event.kind !== 'invocationProgressed') return;
    if (this.#byInvocation.size < KEPT_MAX || this.#byInvocation.has(event.invocationId))
      this.#byInvocation.set(event.invocationId, event.progress);
  };

  /** Null when it said nothing, or is not at work. */
  of(invocation: InvocationId): Progress | null {
    return this.#byInvocation.get(invocation) ?? null;
  }
}
