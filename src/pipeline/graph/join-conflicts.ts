// Where branches of the graph that meet gave one place of `data` different values. A pair of hooks is looked at once: at the first hook that follows
// both, or at the end of the run. One pass over what was written, with the writers kept at each place, so its cost is that of the data.
import { isJsonObject, isSameJson, type JsonValue } from '../../core/json.ts';
import { bitOf, hasBit, type HookGraph } from './hook-graph.ts';
import { CONFLICTS_MAX, pointerOf, type MergeConflict } from './merge-results.ts';

/** What one hook wrote. */
export interface Branch {
  readonly index: number;
  readonly hook: string;
  readonly patches: readonly JsonValue[];
}

interface Wrote {
  readonly by: Branch;
  readonly value: JsonValue;
}

interface Place {
  /** hooks that wrote a value here, each with the last that it wrote */
  readonly written: Wrote[];
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
  if (!isJsonObject(value)) {
    writeValue(place, value, by, path, search);
    return;
  }
  const other = place.written.find((one) => search.isNew(one.by.index, by.index));
  if (other !== undefined) report(other.by, by, path, search);
  if (place.passed.at(-1) !== by) place.passed.push(by);
  for (const [key, member] of Object.entries(value)) {
    const child = place.children.get(key) ?? newPlace();
    place.children.set(key, child);
    write(child, member, by, [...path, key], search);
  }
}

function writeValue(place: Place, value: JsonValue, by: Branch, path: readonly string[], search: Search): void {
  const last = place.written.at(-1);
  const isFull = search.found.length >= CONFLICTS_MAX;
  // Equal values are kept as one, so that the next is compared in full with one of them, however many hooks wrote it.
  const kept = !isFull && last !== undefined && isSameJson(last.value, value) ? last.value : value;
  if (!isFull) {
    const isNew = (one: Branch): boolean => search.isNew(one.index, by.index);
    const other = place.written.find((one) => isNew(one.by) && !isSameJson(one.value, kept));
    const found = other?.by ?? place.passed.find(isNew);
    if (found !== undefined) report(found, by, path, search);
  }
  if (last?.by === by) place.written.pop();
  place.written.push({ by, value: kept });
}

function report(first: Branch, second: Branch, path: readonly string[], { found }: Search): void {
  if (found.length < CONFLICTS_MAX) found.push({ pointer: pointerOf(path), first: first.hook, second: second.hook });
}

function newPlace(): Place {
  return { written: [], passed: [], children: new Map() };
}
