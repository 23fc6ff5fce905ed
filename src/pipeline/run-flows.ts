// What flows through the graph of a run. A hook sees the input folded with what all hooks before it left, in the order of the graph, and
// nothing of the branches beside it. The whole, as the store keeps it, is the same fold over all hooks that have ended.
// The whole is what most hooks see, all hooks of a chain among them: then nothing is folded twice.
import type { JsonObject, JsonValue } from '../core/json.ts';
import { isJsonObject } from '../core/json.ts';
import { emptyObject, withMember, type RunFlow } from './build-context.ts';
import { bitOf, hasBit, type HookGraph } from './hook-graph.ts';
import { applyPatches } from './merge-results.ts';

export interface FlowStart {
  /** what the ended hooks left, folded */
  readonly whole: RunFlow;
  /** what came in; of a chain it is not needed */
  readonly input: JsonValue | null;
  /** hooks that have ended, as bits */
  readonly ended: bigint;
}

export class RunFlows {
  readonly #graph: HookGraph;
  readonly #names: readonly string[];
  readonly #input: JsonValue | null;
  #whole: RunFlow;
  #ended: bigint;

  constructor(graph: HookGraph, names: readonly string[], { whole, input, ended }: FlowStart) {
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
    return ancestors === this.#ended ? this.#whole : this.#fold(ancestors, this.#whole.results);
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
    if (entry !== undefined) this.#whole = this.#fold(this.#ended, withMember(this.#whole.results, hook, entry));
  }

  #fold(hooks: bigint, all: JsonObject): RunFlow {
    const results = emptyObject();
    const patches: JsonValue[] = [];
    for (const index of this.#graph.order) {
      const hook = this.#names[index] ?? '';
      const entry = hasBit(hooks, index) ? all[hook] : undefined;
      if (entry === undefined) continue;
      results[hook] = entry;
      patches.push(...patchesOf(entry));
    }
    return { data: applyPatches(this.#input ?? emptyObject(), patches), results };
  }
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
