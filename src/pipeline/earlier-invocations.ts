// What a resumed run already did in the hook it stopped at: ended invocations are taken over, not repeated (I-5: at most once per
// attempt). Lost and cancelled ones count as attempts only.
import type { Invocation } from '../core/invocation.ts';
import type { Outcome } from '../core/outcome.ts';

/** An invocation whose outcome is known. */
export type EndedInvocation = Invocation & { readonly outcome: Outcome };

export class EarlierInvocations {
  readonly #ended = new Map<string, EndedInvocation>();
  readonly #attempts = new Map<string, number>();

  constructor(invocations: readonly Invocation[]) {
    for (const invocation of invocations) {
      const key = keyOf(invocation.hook, invocation.plugin, invocation.item);
      this.#attempts.set(key, Math.max(this.#attempts.get(key) ?? 0, invocation.attempt));
      if (isUsable(invocation)) this.#ended.set(key, invocation);
    }
  }

  /** The invocation whose end stands, or null when the plugin is to be called. */
  ended(hook: string, plugin: string, item: number | null): EndedInvocation | null {
    return this.#ended.get(keyOf(hook, plugin, item)) ?? null;
  }

  nextAttempt(hook: string, plugin: string, item: number | null): number {
    return (this.#attempts.get(keyOf(hook, plugin, item)) ?? 0) + 1;
  }
}

function isUsable(invocation: Invocation): invocation is EndedInvocation {
  const { state, outcome } = invocation;
  if (outcome === null || outcome.code === 'lost') return false;
  return state === 'succeeded' || state === 'failed' || state === 'skipped';
}

function keyOf(hook: string, plugin: string, item: number | null): string {
  return `${hook}\n${plugin}\n${String(item)}`;
}
