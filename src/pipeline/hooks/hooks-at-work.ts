// The hooks that a run has at work at once: begun here, their ends taken in the order in which they were declared. One that breaks (the
// store or the lease is lost, or we are at fault) stops its siblings; all are awaited before anybody hears of it.
import type { HookPlan } from '../graph/plan-hooks.ts';
import type { RunFlow } from '../graph/build-context.ts';
import type { HookEnd } from './run-hook.ts';
import type { RunScope } from '../run-scope.ts';

export interface EndedHook {
  readonly plan: HookPlan;
  /** what it began with */
  readonly before: RunFlow;
  readonly end: HookEnd;
}

export class HooksAtWork {
  readonly #scope: Pick<RunScope, 'ports' | 'stop'>;
  readonly #indexes = new Set<number>();
  readonly #ended: EndedHook[] = [];
  #broken: { readonly error: unknown } | null = null;
  #news = Promise.withResolvers<undefined>();

  constructor(scope: Pick<RunScope, 'ports' | 'stop'>) {
    this.#scope = scope;
  }

  /** Also hooks that have ended, until their ends are taken. */
  get indexes(): ReadonlySet<number> {
    return this.#indexes;
  }

  begin(plan: HookPlan, before: RunFlow, work: Promise<HookEnd>): void {
    this.#indexes.add(plan.index);
    void this.#await(plan, before, work);
  }

  /** Whoever waits for an end is to look again. */
  wake(): void {
    this.#news.resolve(undefined);
  }

  /** Nothing of the run can be recorded any more. */
  break(error: unknown): void {
    this.#broken ??= { error };
    this.#scope.stop.stop('lease_lost');
  }

  /** @throws what a hook broke with */
  throwIfBroken(): void {
    if (this.#broken !== null) throw this.#broken.error;
  }

  /** The hooks that ended since the last call, once there is one, or none when the moment has come. @param dueAtMs null: no such moment */
  async ended(dueAtMs: number | null): Promise<readonly EndedHook[]> {
    const { clock } = this.#scope.ports;
    using due = dueAtMs === null ? null : clock.deadline(Math.max(1, dueAtMs - clock.nowMs()));
    due?.signal.addEventListener('abort', () => {
      this.#news.resolve(undefined);
    });
    await this.#news.promise;
    this.#news = Promise.withResolvers();
    const ended = this.#ended.splice(0);
    for (const { plan } of ended) this.#indexes.delete(plan.index);
    return ended.sort((left, right) => left.plan.index - right.plan.index);
  }

  async #await(plan: HookPlan, before: RunFlow, work: Promise<HookEnd>): Promise<void> {
    try {
      this.#ended.push({ plan, before, end: await work });
    } catch (error) {
      this.#indexes.delete(plan.index);
      this.break(error);
    }
    this.#news.resolve(undefined);
  }
}
