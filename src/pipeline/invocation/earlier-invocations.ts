// What a run already did in the hooks that have not ended, before a restart or a wait: ended invocations are taken over, not repeated (I-5: at
// most once per attempt). Cancelled ones count as attempts only, where their input was given, and so do lost ones where the plugin may be called
// twice.
import type { Invocation } from '../../core/invocation.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Outcome } from '../../core/outcome.ts';

/** An invocation whose outcome is known. */
export type EndedInvocation = Invocation & { readonly outcome: Outcome };

interface Ended {
  readonly invocation: EndedInvocation;
  /** the plugin's `data`, where this worker saw it; undefined: it is in the store, if there is any */
  readonly result: JsonValue | null | undefined;
}

export class EarlierInvocations {
  readonly #ended = new Map<string, Ended>();
  readonly #attempts = new Map<string, number>();

  constructor(invocations: readonly Invocation[]) {
    for (const invocation of invocations) this.#note(invocation, undefined);
  }

  /** True while the run has called nobody whose end or attempt still counts. */
  get isEmpty(): boolean {
    return this.#attempts.size === 0;
  }

  /** An invocation of this worker has ended, in a hook that is run again. */
  add(invocation: Invocation, result: JsonValue | null): void {
    this.#note(invocation, result);
  }

  /** The invocation whose end stands, or null when the plugin is to be called. */
  ended(hook: string, plugin: string, item: number | null, isIdempotent: boolean): Ended | null {
    const last = this.#ended.get(keyOf(hook, plugin, item)) ?? null;
    if (last === null || last.invocation.retryAtMs !== null) return null;
    return isIdempotent && last.invocation.outcome.code === 'lost' ? null : last;
  }

  /** The failed invocation after which the plugin is to be called again at its `retryAtMs`; null: there is none. */
  retried(hook: string, plugin: string, item: number | null): EndedInvocation | null {
    const last = this.#ended.get(keyOf(hook, plugin, item))?.invocation ?? null;
    return last === null || last.retryAtMs === null ? null : last;
  }

  nextAttempt(hook: string, plugin: string, item: number | null): number {
    return (this.#attempts.get(keyOf(hook, plugin, item)) ?? 0) + 1;
  }

  #note(invocation: Invocation, result: JsonValue | null | undefined): void {
    if (invocation.state === 'cancelled' && invocation.startedAtMs === null) return;
    const key = keyOf(invocation.hook, invocation.plugin, invocation.item);
    if (invocation.attempt < (this.#attempts.get(key) ?? 0)) return;
    this.#attempts.set(key, invocation.attempt);
    if (hasEnd(invocation)) this.#ended.set(key, { invocation, result });
    else this.#ended.delete(key);
  }
}

function hasEnd(invocation: Invocation): invocation is EndedInvocation {
  const { state, outcome } = invocation;
  return outcome !== null && (state === 'succeeded' || state === 'failed' || state === 'skipped');
}

function keyOf(hook: string, plugin: string, item: number | null): string {
  return `${hook}\n${plugin}\n${String(item)}`;
}
