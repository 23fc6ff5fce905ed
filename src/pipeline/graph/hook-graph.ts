// The graph of a pipeline's main hooks, by their indexes: what follows what, directly or through others. Pure, acyclic (checked when the
// pipeline was read). Sets of hooks are bits of a bigint, so that a chain of forty hooks costs forty small numbers.

export class HookGraph {
  /** all hooks so that each stands behind those it follows; as declared where that leaves a choice */
  readonly order: readonly number[];
  readonly #after: readonly (readonly number[])[];
  readonly #ancestors: readonly bigint[];

  /** True when each hook follows the one before it and no other. */
  readonly isChain: boolean;
  /** Hooks that no other hook follows. */
  readonly leaves: readonly number[];

  /** @param after of each hook, the hooks that it follows */
  constructor(after: readonly (readonly number[])[]) {
    this.#after = after;
    this.order = orderOf(after);
    const ancestors: bigint[] = [];
    for (const index of this.order) ancestors[index] = joined(after[index] ?? [], ancestors);
    this.#ancestors = ancestors;
    this.isChain = after.every((before, index) => (index === 0 ? before.length === 0 : isOnly(before, index - 1)));
    const followed = new Set(after.flat());
    this.leaves = this.order.filter((index) => !followed.has(index));
  }

  /** The hooks that the hook follows. */
  after(index: number): readonly number[] {
    return this.#after[index] ?? [];
  }

  /** All hooks that ended before the hook begins, whatever happens, as bits. */
  ancestors(index: number): bigint {
    return this.#ancestors[index] ?? 0n;
  }

  /** True when neither waits for the other. */
  areParallel(left: number, right: number): boolean {
    return left !== right && !hasBit(this.ancestors(left), right) && !hasBit(this.ancestors(right), left);
  }
}

export function bitOf(index: number): bigint {
  return 1n << BigInt(index);
}

export function hasBit(bits: bigint, index: number): boolean {
  return (bits & bitOf(index)) !== 0n;
}

function isOnly(after: readonly number[], index: number): boolean {
  return after.length === 1 && after[0] === index;
}

/** The hooks and everything before them. */
function joined(hooks: readonly number[], ancestors: readonly bigint[]): bigint {
  return hooks.reduce((bits, index) => bits | (ancestors[index] ?? 0n) | bitOf(index), 0n);
}

function orderOf(after: readonly (readonly number[])[]): readonly number[] {
  const left = new Set(after.keys());
  const order: number[] = [];
  while (left.size > 0) {
    const next = [...left].find((index) => (after[index] ?? []).every((before) => !left.has(before)));
    if (next === undefined) throw new Error('the hooks wait for each other in a circle');
    left.delete(next);
    order.push(next);
  }
  return order;
}
