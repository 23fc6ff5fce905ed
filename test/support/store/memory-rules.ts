// What a filter and a guard say, and how an entry of a map is removed, for the memory fake.
import type * as port from '../../../src/core/ports/store.ts';
import { isTerminal, type Run, type Told } from '../../../src/core/run.ts';

export function matches(run: Run, filter: port.RunFilter): boolean {
  const isOf = (filter.pipeline ?? run.pipeline) === run.pipeline;
  const isFrom = filter.madeFrom === undefined || filter.madeFrom === run.lineage?.runId;
  if (filter.isOpenChild === true) return isOpenChild(run);
  return (filter.states?.includes(run.state) ?? true) && isOf && isFrom;
}

function isOpenChild({ lineage, state }: Run): boolean {
  return lineage?.kind === 'run' && !isTerminal(state);
}

export function holds(run: Run, guard: port.RunGuard): boolean {
  return (
    guard.states.includes(run.state) &&
    (guard.epoch ?? run.epoch) === run.epoch &&
    (guard.worker === undefined || guard.worker === run.worker) &&
    (guard.readyAtMs ?? run.readyAtMs) === run.readyAtMs &&
    (guard.told === undefined || isSame(guard.told, run))
  );
}

function isSame(told: Told, run: Run): boolean {
  return (
    told.cancelRequestedAtMs === run.cancelRequestedAtMs &&
    JSON.stringify(told.decisions) === JSON.stringify(run.decisions)
  );
}

export function removals<K, V>(map: Map<K, V>, isMeant: (value: V, key: K) => boolean): (() => void)[] {
  return [...map]
    .filter(([key, value]) => isMeant(value, key))
    .map(
      ([key]) =>
        () =>
          void map.delete(key),
    );
}
