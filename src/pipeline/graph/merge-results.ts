// JSON Merge Patch (RFC 7396) of the data of parallel plugins, in (order, name) sequence, with a report of the places to which two of
// them gave different values. Linear in the size of target and patches: an object is copied when first written to and then changed in place.
// Objects have a null prototype, so no key of a plugin can reach Object.prototype.
import { isJsonObject, isSameJson, type JsonObject, type JsonValue } from '../../core/json.ts';
import { emptyObject } from './build-context.ts';

export interface Patch {
  readonly plugin: string;
  readonly data: JsonValue;
}

export interface MergeConflict {
  /** JSON Pointer of the place; '' is the whole of `data` */
  readonly pointer: string;
  readonly first: string;
  readonly second: string;
}

export interface Merged {
  readonly data: JsonValue;
  /** at most CONFLICTS_MAX of them */
  readonly conflicts: readonly MergeConflict[];
}

/** Conflicts beyond this number are not reported one by one. */
export const CONFLICTS_MAX = 20;

export function mergeResults(target: JsonValue, patches: readonly Patch[]): Merged {
  const data = applyPatches(
    target,
    patches.map((patch) => patch.data),
  );
  return { data, conflicts: findConflicts(patches) };
}

/** The target after all patches, one after the other; it is not changed itself. */
export function applyPatches(target: JsonValue, patches: readonly JsonValue[]): JsonValue {
  // Of one patch no place is come to twice.
  const owned = patches.length > 1 ? new WeakSet() : null;
  return patches.reduce(
    (merged, patch) => (saysNothing(patch, merged) ? merged : applyPatch(merged, patch, owned)),
    target,
  );
}

/** By the letter of Merge Patch an empty object makes one of a list or a text; but it is what a plugin gives that gives nothing. */
function saysNothing(patch: JsonValue, target: JsonValue): boolean {
  return !isJsonObject(target) && isJsonObject(patch) && Object.keys(patch).length === 0;
}

function applyPatch(target: JsonValue, patch: JsonValue, owned: WeakSet<object> | null): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const merged = ownObject(target, owned);
  for (const key of Object.keys(patch)) {
    const value = patch[key] ?? null;
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = applyPatch(merged[key] ?? null, value, owned);
  }
  return merged;
}

/** The object itself when this merge made it, else a copy that this merge may change. */
function ownObject(value: JsonValue, owned: WeakSet<object> | null): JsonObject {
  if (isJsonObject(value) && owned?.has(value) === true) return value;
  const copy = isJsonObject(value) ? Object.assign(emptyObject(), value) : emptyObject();
  owned?.add(copy);
  return copy;
}

/** What stands at a place: of a leaf who wrote it first, of a branch its children and the plugin that first went through it. */
interface Written {
  readonly plugin: string;
  readonly value: JsonValue;
  readonly children: Map<string, Written> | null;
}

function findConflicts(patches: readonly Patch[]): readonly MergeConflict[] {
  if (patches.length < 2) return [];
  const conflicts: MergeConflict[] = [];
  const root = new Map<string, Written>();
  for (const { plugin, data } of patches) recordWrite(root, '', data, plugin, [], conflicts);
  return conflicts;
}

function recordWrite(
  siblings: Map<string, Written>,
  key: string,
  value: JsonValue,
  plugin: string,
  path: readonly string[],
  conflicts: MergeConflict[],
): void {
  const earlier = siblings.get(key);
  const isBranch = isJsonObject(value);
  if (earlier !== undefined && earlier.children !== null && isBranch) {
    recordMembers(earlier.children, value, plugin, path, conflicts);
    return;
  }
  if (earlier !== undefined) {
    if (conflicts.length >= CONFLICTS_MAX || isSameJson(earlier.value, value)) return;
    conflicts.push({ pointer: pointerOf(path), first: earlier.plugin, second: plugin });
  }
  const fresh: Written = { plugin, value, children: isBranch ? new Map() : null };
  siblings.set(key, fresh);
  if (fresh.children !== null) recordMembers(fresh.children, value, plugin, path, conflicts);
}

function recordMembers(
  children: Map<string, Written>,
  value: JsonValue,
  plugin: string,
  path: readonly string[],
  conflicts: MergeConflict[],
): void {
  if (!isJsonObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    recordWrite(children, key, member, plugin, [...path, key], conflicts);
  }
}

export function pointerOf(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
