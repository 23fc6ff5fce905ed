// Which idle sandboxes give way when memory is short: least valuable first, and a pool's declared minimum only when nothing else is left.
// Worth is what losing it would cost: the time of a start, times how likely it is to be asked for again soon.

/** Idle beyond what its pool wants; wanted because of demand; within the pool's minimum. In the order of giving way. */
const TIERS = ['surplus', 'demand', 'minimum'] as const;

export interface Worth {
  readonly tier: (typeof TIERS)[number];
  /** within the tier; the least goes first */
  readonly value: number;
}

/** A pool, as far as room is made of it. */
export interface Evictable {
  /** of the sandbox that `evict` would stop; null when none is idle */
  readonly worth: Worth | null;
  /** false when none was idle */
  evict(reason: string): boolean;
}

/** @param isShort asked before each one; what is on its way back counts as there */
export function makeRoom(pools: readonly Evictable[], isShort: () => boolean, reason: string): void {
  while (isShort()) {
    const next = leastValuable(pools);
    if (next === null || !next.evict(reason)) return;
  }
}

/** Stops what stands idle. @param withMinimum whether also what pools are to have at least */
export function relieve(pools: readonly Evictable[], withMinimum: boolean, reason: string): void {
  const mayGo = (next: Evictable): boolean => withMinimum || next.worth?.tier !== 'minimum';
  for (let next = leastValuable(pools); next !== null && mayGo(next); next = leastValuable(pools))
    if (!next.evict(reason)) return;
}

export function leastValuable(pools: readonly Evictable[]): Evictable | null {
  let least: { readonly pool: Evictable; readonly worth: Worth } | null = null;
  for (const pool of pools) {
    const { worth } = pool;
    if (worth !== null && (least === null || isLess(worth, least.worth))) least = { pool, worth };
  }
  return least?.pool ?? null;
}

function isLess(left: Worth, right: Worth): boolean {
  const byTier = TIERS.indexOf(left.tier) - TIERS.indexOf(right.tier);
  return byTier === 0 ? left.value < right.value : byTier < 0;
}
