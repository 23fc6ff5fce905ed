// POST /pipelines/{name}/runs: 202 as soon as the run is durably accepted; with `Prefer: wait=N`, 200 with the ended run when it ends in time.
import { deadlineWithin } from '../../core/deadline.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import { IDEMPOTENCY_KEY_RULE, isIdempotencyKey, type Run, type Trigger } from '../../core/run.ts';
import { badRequest } from '../http/problem.ts';
import { readJsonObject } from '../http/read-json.ts';
import { jsonAnswer, type Answer, type Route, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { loadViewOf, viewOfRecords } from './load-run-view.ts';
import { nameOf } from './route-params.ts';
import { runSummary, type RunView } from './run-view.ts';
import { readWaitMs, waitForRun } from './wait-for-run.ts';

export function startRunRoute(ports: WebPorts): Route {
  return {
    method: 'POST',
    path: '/api/v1/pipelines/:name/runs',
    answer: async (request) => {
      const pipeline = nameOf(request, 'PIPELINE_NOT_FOUND');
      const waitMs = readWaitMs(request);
      const idempotencyKey = readKey(request);
      const { tags = [], skipTags = [], ...body } = await readJsonObject(request);
      const { params, data } = readInput(body);
      const chosen = { tags: readTags('tags', tags), skipTags: readTags('skipTags', skipTags) };
      const { run, isRepeat } = await ports.runs.startRun(
        { pipeline, trigger: triggerOf(request), params, data, idempotencyKey, ...chosen, isAwaited: waitMs > 0 },
        { signal: request.signal },
      );
      using _expected = waitMs === 0 ? null : ports.runs.expectRecords(run.id);
      const settled = waitMs === 0 ? null : await waitForRun(ports, run, waitMs, request);
      return settled === null ? accepted(run, isRepeat) : await ended(ports, settled, request);
    },
  };
}

/** The CLI names itself, so that the record says where a run came from; nothing else may be claimed. */
export function triggerOf(request: WebRequest): Trigger {
  return request.header('gantry-trigger') === 'cli' ? 'cli' : 'api';
}

export function readInput(body: JsonObject): { params: JsonObject; data: JsonObject[string] } {
  for (const key of Object.keys(body)) {
    if (key !== 'params' && key !== 'data') {
      throw badRequest(
        'INPUT_INVALID',
        key,
        'is no key here; there are "params" and "data", and of pipelines "tags" and "skipTags"',
      );
    }
  }
  const params = body['params'] ?? {};
  if (!isJsonObject(params)) throw badRequest('INPUT_INVALID', 'params', 'must be an object');
  return { params, data: body['data'] ?? {} };
}

const TAG = /^[a-z][a-z0-9_-]{0,62}$/;
const TAGS_MAX = 20;

/** Tags of plugins that are called, or are not. */
export function readTags(key: string, value: JsonValue): readonly string[] {
  const isTag = (tag: JsonValue): tag is string => typeof tag === 'string' && TAG.test(tag);
  if (Array.isArray(value) && value.length <= TAGS_MAX && value.every(isTag)) return value;
  throw badRequest('INPUT_INVALID', key, `must be a list of at most ${String(TAGS_MAX)} tags: [a-z][a-z0-9_-]{0,62}`);
}

export function readKey(request: WebRequest): string | null {
  const key = request.header('idempotency-key');
  if (key !== null && !isIdempotencyKey(key)) {
    throw badRequest('INPUT_INVALID', 'Idempotency-Key', IDEMPOTENCY_KEY_RULE);
  }
  return key;
}

export function accepted(run: Run, isRepeat: boolean): Answer {
  const headers: Record<string, string> = { Location: `/api/v1/runs/${run.id}` };
  if (isRepeat) headers['Idempotent-Replayed'] = 'true';
  return jsonAnswer(runSummary(run), 202, headers);
}

async function ended(ports: WebPorts, run: Run, request: WebRequest): Promise<Answer> {
  using deadline = deadlineWithin(ports.clock, ANSWER_MS, request.gone);
  const records = ports.runs.recordsOf(run.id);
  const view = await (records === null ? loadViewOf(ports, run, deadline) : viewOfRecords(run, records, deadline));
  return jsonAnswer(view, 200, {
    ...retryAfter(view),
    Location: `/api/v1/runs/${run.id}`,
    'Preference-Applied': 'wait',
  });
}

/** The run had its answer, but a plugin did not get its turn: the longest time that one of them names. */
function retryAfter({ hooks }: RunView): Record<string, string> {
  const waitsMs = hooks.flatMap(({ plugins }) =>
    plugins.map(({ outcome }) => (outcome !== null && 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) : 0)),
  );
  const longestMs = Math.max(0, ...waitsMs);
  return longestMs === 0 ? {} : { 'Retry-After': String(Math.ceil(longestMs / 1_000)) };
}

/** The wait used up the request's own deadline; reading the result gets a new one. */
const ANSWER_MS = 30_000;
