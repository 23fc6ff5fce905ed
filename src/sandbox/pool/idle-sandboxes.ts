// The sandboxes of a pool that wait, the one that has waited longest first. One that is used once is taken in that order; one that serves
// again is taken from the other end, so that what a pool has too many of grows old and goes.
import type { Sandbox } from '../container/sandbox.ts';

export class IdleSandboxes {
  readonly #line: Sandbox[] = [];
  readonly #isReused: boolean;

  constructor(isReused: boolean) {
    this.#isReused = isReused;
  }

  get size(): number {
    return this.#line.length;
  }

  /** How long the first of the line waits; 0 when none is idle. */
  longestMs(nowMs: number): number {
    return nowMs - (this.#line[0]?.idleSinceMs ?? nowMs);
  }

  add(sandbox: Sandbox): void {
    this.#line.push(sandbox);
  }

  /** False when it was not idle (any more). */
  remove(sandbox: Sandbox): boolean {
    const index = this.#line.indexOf(sandbox);
    if (index >= 0) this.#line.splice(index, 1);
    return index >= 0;
  }

  /** The next one to use with those secrets; those before it that cannot be are handed over with the reason. */
  takeFor(secretsKey: string, nowMs: number, giveUp: (sandbox: Sandbox, why: string) => void): Sandbox | null {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const why = next.whyNotFor(secretsKey, nowMs);
      if (why === null) return next;
      giveUp(next, why);
    }
    return null;
  }

  /** The next one to do without. */
  takeOldest(): Sandbox | null {
    return this.#line.shift() ?? null;
  }

  /** Takes out those that must not be used any more. */
  takeUnfit(nowMs: number): readonly { readonly sandbox: Sandbox; readonly reason: string }[] {
    const unfit = this.#line.flatMap((sandbox) => {
      const reason = sandbox.session?.whyUnfit(nowMs) ?? null;
      return reason === null ? [] : [{ sandbox, reason }];
    });
    for (const { sandbox } of unfit) this.remove(sandbox);
    return unfit;
  }

  #take(): Sandbox | undefined {
    return this.#isReused ? this.#line.pop() : this.#line.shift();
  }
}
