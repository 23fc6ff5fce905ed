// Data that is given for the first hook to be run again. It stands in place of the input and of all that the hooks before that hook left, for it
// and for what is behind it; branches beside it neither see it nor lose what they left. A run has one such place: what cannot be said with
// one is refused. Pure.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { JsonValue } from '../core/json.ts';
import type { HookGraph } from '../pipeline/graph/hook-graph.ts';
import { hasBit } from '../pipeline/graph/hook-graph.ts';
import { isEdited, type DataEdit } from '../pipeline/graph/run-flows.ts';

export interface EditRequest {
  readonly graph: HookGraph;
  /** of the hooks, by their indexes */
  readonly names: readonly string[];
  /** hooks that are not run again */
  readonly reused: ReadonlySet<number>;
  /** the first hook to be run again, if one was named */
  readonly from: number | null;
  /** given now */
  readonly data: JsonValue | undefined;
  /** of the original run */
  readonly standing: { readonly hook: string; readonly data: JsonValue } | null;
}

/** What holds for the new run; null: nothing was given. @throws GantryError REPLAY_IMPOSSIBLE, HOOKS_CHANGED */
export function editData(request: EditRequest): DataEdit | null {
  const { graph, from, data } = request;
  const standing = standingEdit(request);
  if (from === null || data === undefined) {
    // A hook before it is run again: what it begins with is made anew.
    const isMadeAnew = standing !== null && from !== null && hasBit(graph.ancestors(standing.index), from);
    return isMadeAnew ? null : standing;
  }
  const edit = { index: from, data };
  if (standing !== null && !isReplaced(request, standing, edit)) {
    const { names } = request;
    const message = `the run began ${names[standing.index] ?? ''} with other data itself, which is still needed; replay from there`;
    throw new GantryError('REPLAY_IMPOSSIBLE', message);
  }
  return edit;
}

function standingEdit({ names, standing }: EditRequest): DataEdit | null {
  if (standing === null) return null;
  const index = names.indexOf(standing.hook);
  if (index >= 0) return { index, data: standing.data };
  throw new GantryError(
    'HOOKS_CHANGED',
    `the hook ${standing.hook} that the run began with other data is not there any more`,
  );
}

/** True when no hook of the new run would see what was given before. */
function isReplaced({ graph, reused }: EditRequest, old: DataEdit, edit: DataEdit): boolean {
  if (isEdited(graph, edit, old.index)) return true;
  if (!isEdited(graph, old, edit.index)) return false;
  return graph.order.every(
    (index) => reused.has(index) || isEdited(graph, edit, index) || !isEdited(graph, old, index),
  );
}
