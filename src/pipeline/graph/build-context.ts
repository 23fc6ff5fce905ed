// The JSON that a plugin receives. All plugins of a group get the same snapshot: nothing in it is changed afterwards, only replaced.
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { Run, Verdict } from '../../core/run.ts';
import type { ContextRun, RequestInput } from '../run-ports.ts';

/** What a plugin left behind for later hooks. */
export type PluginStatus = 'success' | 'skipped' | 'error';

/** The state that flows through a run. */
export interface RunFlow {
  readonly data: JsonValue;
  /** hook → plugin → {status, data, error?} */
  readonly results: JsonObject;
  /** the text of `data`, where it is at hand */
  readonly dataJson?: string;
}

/**
 * The parts of the context, as the request document and expressions take them.
 * @param verdict how the run will end, for hooks that are told of it
 */
export function buildContext(
  { id, pipeline, trigger, params }: Run,
  hook: string,
  { data, results, dataJson }: RunFlow,
  verdict: Verdict | null = null,
): Pick<RequestInput, 'run' | 'hook' | 'params' | 'data' | 'results' | 'dataJson'> {
  return { run: { id, pipeline, trigger, ...endOf(verdict) }, hook, params, data, results, dataJson };
}

function endOf(verdict: Verdict | null): Partial<ContextRun> {
  if (verdict === null) return {};
  const { state, failure } = verdict;
  return { state, failure: failure === null ? null : { ...failure } };
}

/** One entry of `results[hook]`. */
export function resultEntry(status: PluginStatus, data: JsonValue | null, error: JsonObject | null): JsonObject {
  const entry = bare({ status, data: data ?? emptyObject() });
  if (error !== null) entry['error'] = bare(error);
  return entry;
}

export function emptyObject(): JsonObject {
  return Object.create(null) as JsonObject;
}

/** The object with one more member; the given one is not changed. */
export function withMember(object: JsonObject, name: string, value: JsonValue): JsonObject {
  const copy = bare(object);
  copy[name] = value;
  return copy;
}

function bare(members: JsonObject): JsonObject {
  return Object.assign(emptyObject(), members);
}
