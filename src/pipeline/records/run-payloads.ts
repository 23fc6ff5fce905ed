// The documents of a run, stored apart from its record: what came in, and what flows on after each finished hook. They are stored before
// the hook's end is recorded, so a resumed run finds everything that its finished hooks left.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { JsonValue } from '../../core/json.ts';
import { isJsonObject } from '../../core/json.ts';
import { DATA_PAYLOAD, EDITED_PAYLOAD, INPUT_PAYLOAD, RESULTS_PAYLOAD, type HookRecord } from '../../core/run.ts';
import { parseStrictText } from '../../core/strict-json.ts';
import { emptyObject, type RunFlow } from '../graph/build-context.ts';
import { bitOf } from '../graph/hook-graph.ts';
import { hasPassed } from '../graph/next-hooks.ts';
import type { RunPlan } from '../graph/plan-hooks.ts';
import { RunFlows, type DataEdit } from '../graph/run-flows.ts';
import type { RunScope } from '../run-scope.ts';
import type { FreshRun } from './run-writes.ts';

/** What the store takes as one payload. */
export const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
/** In UTF-8, of one character of a string. */
const UNIT_BYTES_MAX = 3;
// Stored documents wrap what plugins gave (results → hook → plugin → data), so they may nest a little deeper.
const STORED_DEPTH_MAX = 128;

/** What flows through the graph of a run that begins, from what it came with. */
export function freshFlows({ graph, names }: RunPlan, { data, input }: Pick<FreshRun, 'data' | 'input'>): RunFlows {
  const flow = flowOf(data, null);
  // What is null came as such, and flows as an empty object.
  const whole = data === null ? flow : { ...flow, dataJson: input ?? '{}' };
  return new RunFlows(graph, names, { whole, input: whole.data, ended: 0n });
}

/** What flows through the graph, from the documents of the hooks that have ended. */
export async function openFlows(
  scope: RunScope,
  { graph, main, names }: RunPlan,
  records: readonly HookRecord[],
): Promise<RunFlows> {
  const edit = await loadEdit(scope, main);
  const whole = await loadFlow(scope, edit !== null || records.some(hasPassed));
  const ended = main.reduce((bits, { index }) => (hasPassed(records[index]) ? bits | bitOf(index) : bits), 0n);
  const isInput = (ended === 0n && edit === null) || graph.isChain;
  const input = isInput ? whole.data : await load(scope, INPUT_PAYLOAD);
  return new RunFlows(graph, names, { whole, input, ended, edit });
}

/** Null: no data was given for a hook. */
async function loadEdit(scope: RunScope, main: RunPlan['main']): Promise<DataEdit | null> {
  const hook = scope.lease.run.lineage?.editedAt;
  const place = main.find((plan) => plan.hook === hook);
  if (place === undefined) return null;
  return { index: place.index, data: (await load(scope, EDITED_PAYLOAD)) ?? emptyObject() };
}

/** @param hasEnded whether a hook has ended or began with data of its own: before that, nothing but the input stands */
async function loadFlow(scope: RunScope, hasEnded: boolean): Promise<RunFlow> {
  const isFirst = scope.lease.run.epoch <= 1 && !hasEnded;
  const data = (isFirst ? null : await load(scope, DATA_PAYLOAD)) ?? (await load(scope, INPUT_PAYLOAD));
  return flowOf(data, isFirst ? null : await load(scope, RESULTS_PAYLOAD));
}

function flowOf(data: JsonValue | null, results: JsonValue | null): RunFlow {
  return { data: data ?? emptyObject(), results: isJsonObject(results) ? results : emptyObject() };
}

/**
 * Gathers what changed since the given flow.
 * @returns a sentence when a document is over the limit of a payload, then nothing of it is stored
 */
export function storeFlow(scope: RunScope, before: RunFlow, after: RunFlow): string | null {
  const documents: [string, string][] = [];
  if (after.data !== before.data) documents.push([DATA_PAYLOAD, after.dataJson ?? JSON.stringify(after.data)]);
  if (after.results !== before.results) documents.push([RESULTS_PAYLOAD, JSON.stringify(after.results)]);
  for (const [name, json] of documents) {
    const bytes = json.length * UNIT_BYTES_MAX > PAYLOAD_BYTES_MAX ? Buffer.byteLength(json) : 0;
    if (bytes > PAYLOAD_BYTES_MAX) return tooLarge(name, bytes);
  }
  for (const [name, json] of documents) scope.writes.put(name, json);
  return null;
}

async function load(scope: RunScope, name: string): Promise<JsonValue | null> {
  const { id } = scope.lease.run;
  const json = await scope.lease.persist('findPayload', (options) => scope.ports.store.findPayload(id, name, options));
  return json === null ? null : parse(scope, name, json);
}

function parse(scope: RunScope, name: string, json: string): JsonValue {
  const parsed = parseStrictText(json, STORED_DEPTH_MAX);
  if (!parsed.ok) throw new GantryError('STORE_FAILED', `payload ${name} of ${scope.lease.run.id}: ${parsed.message}`);
  return parsed.value;
}

function tooLarge(name: string, bytes: number): string {
  return `the ${name} of the run came to ${String(bytes)} bytes, at most ${String(PAYLOAD_BYTES_MAX)} are stored`;
}

/** An empty object is not stored: its absence says the same. */
export function isStoredInput(data: JsonValue): boolean {
  return !isJsonObject(data) || Object.keys(data).length > 0;
}
