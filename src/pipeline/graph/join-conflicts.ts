// Where branches of the graph that meet wrote the same place of `data`. A pair of hooks is looked at once: at the first hook that follows
// both, or at the end of the run. One pass over what was written, with the writers kept at each place, so its cost is that of the data.
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import { bitOf, hasBit, type HookGraph } from './hook-graph.ts';
import { CONFLICTS_MAX, pointerOf, type MergeConflict } from './merge-results.ts';

/** What one hook wrote. */
export interface Branch {
  readonly index: number;
  readonly hook: string;
  readonly patches: readonly JsonValue[];
}

interface Place {
  /** hooks that wrote a value here */
  readonly written: Branch[];
  /** hooks that wrote below it */
  readonly passed: Branch[];
  readonly children: Map<string, Place>;
}

interface Search {
  isNew(left: number, right: number): boolean;
  readonly found: MergeConflict[];
}

/**
 * @param joined the hooks that meet
 * @param branches of all hooks before the meeting, in the order of the graph
 */
export function joinConflicts(
  graph: HookGraph,
  joined: readonly number[],
  branches: () => readonly Branch[],
): readonly MergeConflict[] {
  if (joined.length < 2) return [];
  const behind = joined.map((index) => graph.ancestors(index) | bitOf(index));
  const search: Search = {
    isNew: (left, right) =>
      graph.areParallel(left, right) && !behind.some((bits) => hasBit(bits, left) && hasBit(bits, right)),
    found: [],
  };
  const all = behind.reduce((bits, one) => bits | one, 0n);
  const root = newPlace();
  for (const branch of branches()) {
    if (!hasBit(all, branch.index)) continue;
    for (const patch of branch.patches) write(root, patch, branch, [], search);
  }
  return search.found;
}

function write(place: Place, value: JsonValue, by: Branch, path: readonly string[], search: Search): void {
  const isBranch = isJsonObject(value);
  const other = [...place.written, ...(isBranch ? [] : place.passed)].find(({ index }) =>
    search.isNew(index, by.index),
  );
  if (other !== undefined && search.found.length < CONFLICTS_MAX)
    search.found.push({ pointer: pointerOf(path), first: other.hook, second: by.hook });
  const visitors = isBranch ? place.passed : place.written;
  if (visitors.at(-1) !== by) visitors.push(by);
  if (!isBranch) return;
  for (const [key, member] of Object.entries(value)) {
    const child = place.children.get(key) ?? newPlace();
    place.children.set(key, child);
    write(child, member, by, [...path, key], search);
  }
}

function newPlace(): Place {
  return { written: [], passed: [], children: new Map() };
}
