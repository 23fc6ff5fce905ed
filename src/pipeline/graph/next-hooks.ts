// What a run does next, from how far its main hooks have come. Pure: the one rule of the scheduler, tested by itself.
import type { HookRecord } from '../../core/run.ts';
import type { HookGraph } from './hook-graph.ts';

export interface Next {
  /** hooks to be started now, or to be taken up again after a wait */
  readonly ready: readonly number[];
  /** the earliest moment at which a wait is over by itself; null: none of them ends so */
  readonly dueAtMs: number | null;
}

export interface Standing {
  readonly records: readonly HookRecord[];
  readonly graph: HookGraph;
  /** hooks that this worker has at work */
  readonly underWay: ReadonlySet<number>;
  readonly nowMs: number;
  /** true at a claim: every wait is looked at, whatever it says, because what it waits for may have come */
  readonly isClaim: boolean;
}

export function nextHooks(standing: Standing): Next {
  const { records, graph, underWay } = standing;
  const ready: number[] = [];
  let dueAtMs: number | null = null;
  for (const index of graph.order) {
    const record = records[index];
    if (record === undefined || underWay.has(index)) continue;
    if (record.state === 'waiting' && !isOver(record, standing))
      dueAtMs = earlier(dueAtMs, record.wait?.untilMs ?? null);
    else if (isUnfinished(record) && graph.after(index).every((before) => hasPassed(records[before])))
      ready.push(index);
  }
  return { ready, dueAtMs };
}

/** True when the hooks behind it may begin. */
export function hasPassed(record: HookRecord | undefined): boolean {
  return record?.state === 'succeeded' || record?.state === 'skipped';
}

/** One that says `running` though nobody is at work was cut short by a kill. */
export function isUnfinished({ state }: HookRecord): boolean {
  return state === 'pending' || state === 'running' || state === 'waiting';
}

function isOver({ wait }: HookRecord, { nowMs, isClaim }: Standing): boolean {
  const untilMs = wait?.untilMs ?? null;
  return isClaim || (untilMs !== null && untilMs <= nowMs);
}

function earlier(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right;
  return Math.min(left, right);
}
