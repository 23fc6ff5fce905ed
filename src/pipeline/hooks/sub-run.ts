// A hook that is a run of another pipeline: started once, however often this is asked (its key is made of the parent and the hook), then
// waited for without a worker. Its end wakes the parent; the time to look again is only for an end that nobody could tell of.
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { RunId } from '../../core/ids.ts';
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { SubRunSpec } from '../../core/pipeline.ts';
import { DATA_PAYLOAD, INPUT_PAYLOAD, isTerminal, type Run, type RunFailure } from '../../core/run.ts';
import { parseStrictText } from '../../core/strict-json.ts';
import { buildContext, emptyObject, type RunFlow } from '../graph/build-context.ts';
import { failureOf } from '../end-run.ts';
import type { RunScope } from '../run-scope.ts';

const LOOK_FIRST_MS = 2_000;
const LOOK_LONGEST_MS = 60_000;
/** The door takes no run now, but may soon: how long until it is asked again. */
const REFUSED_MS = 1_000;
/** The stored document wraps what plugins gave. */
const STORED_DEPTH_MAX = 128;

export interface SubRunHook {
  readonly hook: string;
  readonly spec: SubRunSpec;
  readonly flow: RunFlow;
  /** the run that was started before; null: none */
  readonly child: RunId | null;
  /** milliseconds that hook and pipeline leave */
  readonly remainingMs: () => number;
}

export type SubRunState =
  | { readonly kind: 'waits'; readonly child: RunId | null; readonly untilMs: number }
  | { readonly kind: 'succeeded'; readonly child: RunId; readonly data: JsonValue }
  | { readonly kind: 'failed'; readonly child: RunId | null; readonly failure: RunFailure };

/** @throws LeaseLost, GantryError of the store or DEFECT */
export async function runSubRun(scope: RunScope, hook: SubRunHook): Promise<SubRunState> {
  const nowMs = scope.ports.clock.nowMs();
  if (hook.child !== null) {
    const child = await findChild(scope, hook.child);
    return child === null ? gone(hook, hook.child) : await stateOf(scope, hook, child, nowMs);
  }
  try {
    return await stateOf(scope, hook, await start(scope, hook), nowMs);
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    if (error.code === 'DRAINING' || error.code === 'QUEUE_FULL') {
      const untilMs = Math.ceil(nowMs + Math.max(REFUSED_MS, error.retryAfterMs ?? 0));
      return { kind: 'waits', child: null, untilMs };
    }
    if (error.code === 'DEFECT' || error.code.startsWith('STORE_')) throw error;
    return { kind: 'failed', child: null, failure: failureOf(error.code, messageOf(error), hook.hook) };
  }
}

async function start(scope: RunScope, { hook, spec, flow, remainingMs }: SubRunHook): Promise<Run> {
  const { lease, ports } = scope;
  const { run, params, data, results } = buildContext(lease.run, hook, flow);
  const variables = { params, data, results, run: { ...run } };
  const evaluate = (source: string): JsonValue => ports.expressions.compile(source).evaluate(variables);
  const given = spec.params === null ? emptyObject() : evaluate(spec.params);
  if (!isJsonObject(given)) throw new GantryError('PARAMS_INVALID', `run.params of ${hook} gave no object`);
  // A new run may not be stored yet: no run stands before its parent does.
  await scope.writes.commit();
  return await ports.startChild({
    parent: lease.run,
    hook,
    pipeline: spec.pipeline,
    params: given,
    data: spec.input === null ? data : evaluate(spec.input),
    deadlineAtMs: Math.ceil(ports.clock.nowMs() + Math.max(1, remainingMs())),
  });
}

async function findChild({ lease, ports }: RunScope, id: RunId): Promise<Run | null> {
  return await lease.persist('findRun', (options) => ports.store.findRun(id, options));
}

/** It was stored before its parent knew of it: it has ended and was removed, and must not be run a second time. */
function gone({ hook }: SubRunHook, child: RunId): SubRunState {
  const message = `the run ${child} was removed before its end was heard of`;
  return { kind: 'failed', child, failure: failureOf('SUB_RUN_FAILED', message, hook) };
}

async function stateOf(scope: RunScope, { hook }: SubRunHook, child: Run, nowMs: number): Promise<SubRunState> {
  if (!isTerminal(child.state)) {
    const lookMs = Math.min(LOOK_LONGEST_MS, Math.max(LOOK_FIRST_MS, (nowMs - child.createdAtMs) / 2));
    return { kind: 'waits', child: child.id, untilMs: Math.ceil(nowMs + lookMs) };
  }
  if (child.state === 'succeeded') {
    const data = (await load(scope, child.id, DATA_PAYLOAD)) ?? (await load(scope, child.id, INPUT_PAYLOAD));
    return { kind: 'succeeded', child: child.id, data: data ?? emptyObject() };
  }
  const cause = child.failure === null ? '' : `: ${child.failure.code}: ${child.failure.message}`;
  const message = `the run ${child.id} of ${child.pipeline} ended as ${child.state}${cause}`.slice(0, 2_000);
  return { kind: 'failed', child: child.id, failure: failureOf('SUB_RUN_FAILED', message, hook) };
}

async function load({ lease, ports }: RunScope, id: RunId, name: string): Promise<JsonValue | null> {
  const json = await lease.persist('findPayload', (options) => ports.store.findPayload(id, name, options));
  if (json === null) return null;
  const parsed = parseStrictText(json, STORED_DEPTH_MAX);
  if (!parsed.ok) throw new GantryError('STORE_FAILED', `payload ${name} of ${id}: ${parsed.message}`);
  return parsed.value;
}
