// What a run was made from, and what was made from it, as JSON.
import type { Lineage, Run, RunState } from '../../core/run.ts';

export interface LineageView {
  readonly kind: Lineage['kind'];
  readonly run: string;
  /** the first hook that was run again, of a sub-run the hook that started it; null: the first of all */
  readonly hook: string | null;
}

/** A run that was made from the one shown. */
export interface DescendantView extends LineageView {
  readonly state: RunState;
  readonly createdAt: string;
}

export function lineageView(lineage: Run['lineage']): LineageView | null {
  return lineage === null ? null : { kind: lineage.kind, run: lineage.runId, hook: lineage.hook };
}

/** Runs made from one run, for its view. */
export function descendantViews(runs: readonly Run[]): readonly DescendantView[] {
  return runs.flatMap(({ id, lineage, state, createdAtMs }) => {
    if (lineage === null) return [];
    return [{ kind: lineage.kind, run: id, hook: lineage.hook, state, createdAt: new Date(createdAtMs).toISOString() }];
  });
}
