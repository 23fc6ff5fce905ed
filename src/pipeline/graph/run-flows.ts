// What flows through the graph of a run. A hook sees the input folded with what all hooks before it left, in the order of the graph, and
// nothing of the branches beside it. The whole, as the store keeps it, is the same fold over all hooks that have ended.
// Data that was given for one hook stands, for it and for what is behind it, in place of the input and of all that the hooks before it left.
// The whole is what most hooks see, all hooks of a chain among them: then nothing is folded twice.
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { isJsonObject } from '../../core/json.ts';
import { emptyObject, withMember, type RunFlow } from './build-context.ts';
import { bitOf, hasBit, type HookGraph } from './hook-graph.ts';
import { applyPatches } from './merge-results.ts';

/** Data that was given in place of what a hook would begin with. */
export interface DataEdit {
  readonly index: number;
  readonly data: JsonValue;
}

export interface FlowStart {
  /** what the ended hooks left, folded */
  readonly whole: RunFlow;
  /** what came in; of a chain it is not needed */
  readonly input: JsonValue | null;
  /** hooks that have ended, as bits */
  readonly ended: bigint;
  readonly edit?: DataEdit | null;
}

export class RunFlows {
  readonly #graph: HookGraph;
  readonly #names: readonly string[];
  readonly #input: JsonValue | null;
  readonly #edit: DataEdit | null;
  #whole: RunFlow;
  #ended: bigint;

  constructor(graph: HookGraph, names: readonly string[], { whole, input, ended, edit = null }: FlowStart) {
    this.#edit = edit;
    this.#graph = graph;
    this.#names = names;
    this.#whole = whole;
    this.#input = input;
    this.#ended = ended;
  }

  /** What all hooks that have ended left. */
  get whole(): RunFlow {
    return this.#whole;
  }

  /** What the hook begins with. */
  before(index: number): RunFlow {
    const ancestors = this.#graph.ancestors(index);
    const edit = isEdited(this.#graph, this.#edit, index) ? this.#edit : null;
    if (ancestors === this.#ended && edit === this.#edit) return this.#whole;
    return this.#fold(ancestors, this.#whole.results, edit);
  }

  /** Takes over what an ended hook left. @param before what it began with @param after with its own results */
  take(index: number, before: RunFlow, after: RunFlow): void {
    this.#ended |= bitOf(index);
    if (before === this.#whole) {
      this.#whole = after;
      return;
    }
    const hook = this.#names[index] ?? '';
    const entry = after.results[hook];
    if (entry !== undefined)
      this.#whole = this.#fold(this.#ended, withMember(this.#whole.results, hook, entry), this.#edit);
  }

  #fold(hooks: bigint, all: JsonObject, edit: DataEdit | null): RunFlow {
    const results = emptyObject();
    for (const index of this.#graph.order) {
      const hook = this.#names[index] ?? '';
      const entry = hasBit(hooks, index) ? all[hook] : undefined;
      if (entry !== undefined) results[hook] = entry;
    }
    const input = this.#input ?? emptyObject();
    return { data: foldData({ graph: this.#graph, names: this.#names, input, edit }, hooks, results), results };
  }
}

/** True for the hook that the data was given for, and for what is behind it. */
export function isEdited(graph: HookGraph, edit: Pick<DataEdit, 'index'> | null, index: number): boolean {
  return edit !== null && (index === edit.index || hasBit(graph.ancestors(index), edit.index));
}

interface FoldParts {
  readonly graph: HookGraph;
  readonly names: readonly string[];
  readonly input: JsonValue;
  readonly edit: DataEdit | null;
}

/** `data` after these hooks: the input, or what was given in its place, with what they left, in the order of the graph. */
export function foldData({ graph, names, input, edit }: FoldParts, hooks: bigint, results: JsonObject): JsonValue {
  const replaced = edit === null ? 0n : graph.ancestors(edit.index);
  const order = graph.order.filter((index) => hasBit(hooks, index) && !hasBit(replaced, index));
  return applyPatches(
    edit === null ? input : edit.data,
    order.flatMap((index) => patchesOf(results[names[index] ?? ''])),
  );
}

/** What the plugins of a hook changed, one after the other; the entries stand in the order in which they were merged. */
export function patchesOf(entry: JsonValue | undefined): readonly JsonValue[] {
  if (entry === undefined || !isJsonObject(entry)) return [];
  return Object.values(entry).flatMap((one) => (isJsonObject(one) && one['status'] === 'success' ? patchOf(one) : []));
}

/** An empty object changes nothing. */
function patchOf({ data }: JsonObject): readonly JsonValue[] {
  if (data === undefined || (isJsonObject(data) && Object.keys(data).length === 0)) return [];
  return [data];
}
