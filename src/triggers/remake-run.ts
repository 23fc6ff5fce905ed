// What a run that is made from an ended one takes over: the records of the hooks that it does not run again, and the documents that flow out
// of them. What they left is folded anew from the input (or from data that was given in its place), so nothing of the hooks that are run again comes along. Pure; secrets were taken
// out before anything was stored, so the new run sees what was stored.
import { ARTIFACTS_PAYLOAD, type Artifact } from '../core/artifact.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import type { Pipeline } from '../core/pipeline.ts';
import {
  DATA_PAYLOAD,
  EDITED_PAYLOAD,
  INPUT_PAYLOAD,
  RESULTS_PAYLOAD,
  type HookRecord,
  type Run,
} from '../core/run.ts';
import { suggest } from '../lib/suggest.ts';
import { pendingHooks } from '../pipeline/adopt-pipeline.ts';
import { emptyObject } from '../pipeline/graph/build-context.ts';
import { bitOf, HookGraph, hasBit } from '../pipeline/graph/hook-graph.ts';
import { hasPassed } from '../pipeline/graph/next-hooks.ts';
import { foldData, isEdited, type DataEdit } from '../pipeline/graph/run-flows.ts';
import { checkSize } from './check-request.ts';
import { editData } from './edit-data.ts';

/** Payloads by name, as JSON text. */
export type Documents = readonly (readonly [name: string, json: string])[];

/** A run that does not begin with its first hook. */
export interface Resumption {
  readonly hooks: readonly HookRecord[];
  readonly documents: Documents;
  /** data that was given for the hook of `lineage.editedAt` */
  readonly edited?: JsonValue;
}

/** What is stored with a run when it is accepted. @param input null: there is none */
export function documentsOf(input: string | null, resumption: Resumption | undefined): Documents {
  const taken = resumption?.documents ?? [];
  return input === null ? taken : [[INPUT_PAYLOAD, input], ...taken];
}

export interface RemakeRequest {
  readonly run: Run;
  readonly pipeline: Pipeline;
  /** the first hook to be run again; null: those that have not passed */
  readonly from: string | null;
  readonly input: JsonValue;
  /** of the original */
  readonly results: JsonValue;
  /** takes the place of what the hooks before `from` left */
  readonly data: JsonValue | undefined;
  /** what was given so for the original */
  readonly edited: JsonValue | null;
  /** of the original */
  readonly artifacts: readonly Artifact[];
}

export interface Remade {
  /** null: nothing is taken over */
  readonly resumption: Resumption | null;
  /** the first hook that is run again; null: the first of all */
  readonly hook: string | null;
  readonly editedAt?: string;
}

export const NOTHING_REUSED: Remade = { resumption: null, hook: null };

/** @throws GantryError HOOK_NOT_FOUND, HOOKS_CHANGED, REPLAY_IMPOSSIBLE */
export function remakeRun(request: RemakeRequest): Remade {
  const { run, pipeline, from } = request;
  if (from !== null) checkHook(pipeline, from);
  const pending = pendingHooks(pipeline);
  if (run.hooks.some(isPassed)) checkShape(run, pending);
  const graph = graphOf(pipeline);
  const reused = reusedHooks(request, graph);
  const edit = editOf(request, graph, reused);
  // Where all is run again and all of it sees what was given, that is the input.
  const isInput = edit === null || graph.order.every((index) => isEdited(graph, edit, index));
  if (reused.size === 0 && isInput) return NOTHING_REUSED;
  const hooks = pending.map((record, index) => (reused.has(index) ? takenOver(run, record, index) : record));
  const first = graph.order.find((index) => !reused.has(index));
  const hook = first === undefined ? null : nameOf(pipeline, first);
  const documents = documentsAfter(request, graph, reused, edit);
  if (edit === null) return { resumption: { hooks, documents }, hook };
  return { resumption: { hooks, documents, edited: edit.data }, hook, editedAt: nameOf(pipeline, edit.index) };
}

/** What the hooks that are not run again left. */
function documentsAfter(
  request: RemakeRequest,
  graph: HookGraph,
  reused: ReadonlySet<number>,
  edit: DataEdit | null,
): Documents {
  const names = request.pipeline.hooks.map(({ name }) => name);
  const results = resultsOf(request, reused);
  const ended = [...reused].reduce((bits, index) => bits | bitOf(index), 0n);
  const folded = foldData({ graph, names, input: request.input, edit }, ended, results);
  const artifacts = request.artifacts.filter(({ hook }) => reused.has(names.indexOf(hook)));
  return [
    [DATA_PAYLOAD, JSON.stringify(folded)],
    [RESULTS_PAYLOAD, JSON.stringify(results)],
    ...(edit === null ? [] : [[EDITED_PAYLOAD, checkSize('data', edit.data)] as const]),
    ...(artifacts.length === 0 ? [] : [[ARTIFACTS_PAYLOAD, JSON.stringify(artifacts)] as const]),
  ];
}

function nameOf({ hooks }: Pipeline, index: number): string {
  return hooks[index]?.name ?? '';
}

function editOf(request: RemakeRequest, graph: HookGraph, reused: ReadonlySet<number>): DataEdit | null {
  const { run, pipeline, from, data, edited } = request;
  const names = pipeline.hooks.map(({ name }) => name);
  const hook = run.lineage?.editedAt;
  const standing = hook === undefined || edited === null ? null : { hook, data: edited };
  return editData({ graph, names, reused, from: from === null ? null : names.indexOf(from), data, standing });
}

/** Hooks of the original that passed and do not follow the one to be run again, by their indexes. */
function reusedHooks({ run, pipeline, from }: RemakeRequest, graph: HookGraph): ReadonlySet<number> {
  const start = from === null ? null : pipeline.hooks.findIndex(({ name }) => name === from);
  const passed = new Set(run.hooks.filter(isPassed).map(({ hook }) => hook));
  const reused = new Set<number>();
  for (const index of graph.order) {
    const isAgain = start !== null && (index === start || hasBit(graph.ancestors(index), start));
    const isFree = graph.after(index).every((before) => reused.has(before));
    if (!isAgain && isFree && passed.has(pipeline.hooks[index]?.name ?? '')) reused.add(index);
  }
  return reused;
}

function takenOver(run: Run, pending: HookRecord, index: number): HookRecord {
  const { state, startedAtMs, finishedAtMs, note, reusedFrom = run.id } = run.hooks[index] ?? pending;
  return { ...pending, state, startedAtMs, finishedAtMs, ...(note === undefined ? {} : { note }), reusedFrom };
}

function resultsOf({ pipeline, results }: RemakeRequest, reused: ReadonlySet<number>): JsonObject {
  const kept = emptyObject();
  for (const [index, { name }] of pipeline.hooks.entries()) {
    const entry = reused.has(index) && isJsonObject(results) ? results[name] : undefined;
    if (entry !== undefined) kept[name] = entry;
  }
  return kept;
}

function graphOf({ hooks }: Pipeline): HookGraph {
  const indexes = new Map(hooks.map(({ name }, index) => [name, index]));
  return new HookGraph(hooks.map(({ after }) => after.flatMap((name) => indexes.get(name) ?? [])));
}

function checkHook({ name, hooks }: Pipeline, from: string): void {
  const names = hooks.map((hook) => hook.name);
  if (names.includes(from)) return;
  const near = suggest(from, names);
  const hint = near === null ? '' : `; did you mean ${near}?`;
  throw new GantryError('HOOK_NOT_FOUND', `${name} has no hook ${JSON.stringify(from.slice(0, 64))}${hint}`);
}

/** What was left can be taken over only where the hooks stand as they stood. */
function checkShape(run: Run, pending: readonly HookRecord[]): void {
  const shape = (records: readonly HookRecord[]): string =>
    JSON.stringify(
      records
        .filter(({ section }) => section === undefined)
        .map(({ hook, after }) => [hook, after?.toSorted() ?? null]),
    );
  if (shape(run.hooks) === shape(pending)) return;
  const message = `the hooks of ${run.pipeline} were changed since ${run.id}; replay it from the first hook`;
  throw new GantryError('HOOKS_CHANGED', message);
}

function isPassed(record: HookRecord): boolean {
  return record.section === undefined && hasPassed(record);
}
