// What a run was made from, and what was made from it, as JSON.
import type { Lineage, Run, RunState } from '../../core/run.ts';

export interface LineageView {
  readonly kind: Lineage['kind'];
  readonly run: string;
  /** the first hook that was run again, of a sub-run the hook that started it; null: the first of all */
  readonly hook: string | null;
  /** ids of the plugin versions that it was asked to use, by the plugin's name; absent: it was asked for none */
  readonly pluginVersions?: Readonly<Record<string, string>>;
  /** what tells the settings apart that these had when the run was accepted */
  readonly settings?: Readonly<Record<string, string>>;
  /** the hook that began with data that was given; absent: none did */
  readonly editedAt?: string;
}

/** A run that was made from the one shown. */
export interface DescendantView extends Omit<LineageView, 'pluginVersions' | 'settings' | 'editedAt'> {
  readonly state: RunState;
  readonly createdAt: string;
}

export function lineageView(lineage: Run['lineage']): LineageView | null {
  if (lineage === null) return null;
  const { runId, ...rest } = lineage;
  return { ...rest, run: runId };
}

/** Runs made from one run, for its view. */
export function descendantViews(runs: readonly Run[]): readonly DescendantView[] {
  return runs.flatMap(({ id, lineage, state, createdAtMs }) => {
    if (lineage === null) return [];
    return [{ kind: lineage.kind, run: id, hook: lineage.hook, state, createdAt: new Date(createdAtMs).toISOString() }];
  });
}
