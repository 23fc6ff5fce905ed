// New runs from ended ones: POST /runs/{id}/retry, POST /runs/{id}/replay, POST /redrive. Answered as the start of a run is: 202 when durable.
import { z } from 'zod';
import { parseId } from '../../core/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import { badRequest } from '../http/problem.ts';
import { readJsonObject } from '../http/read-json.ts';
import { jsonAnswer, type Answer, type Route, type WebRequest } from '../http/route.ts';
import { REDRIVEN_STATES, type RedriveRequest } from '../../triggers/redrive-runs.ts';
import type { ReplayRequest } from '../../triggers/replay-runs.ts';
import type { WebPorts } from '../ports.ts';
import { runIdOf } from './route-params.ts';
import { accepted, readKey } from './start-run-route.ts';

const NAME = /^@?[a-z][a-z0-9_-]{0,62}$/;
const moment = z.iso
  .datetime({ offset: true, error: 'must be a time like 2026-11-26T03:11:00Z' })
  .transform((text) => Date.parse(text));

const LIMIT_MAX = 1_000;
const LIMIT_RULE = `must be 1 to ${String(LIMIT_MAX)}`;

function orNull<T extends z.ZodType>(schema: T) {
  return schema.optional().transform((value) => value ?? null);
}

const redriveBody = z.strictObject({
  pipeline: orNull(z.string().regex(NAME, 'must be the name of a pipeline')),
  state: z
    .union([z.enum(REDRIVEN_STATES), z.array(z.enum(REDRIVEN_STATES)).min(1)], {
      error: `must be one or a list of ${REDRIVEN_STATES.join(', ')}`,
    })
    .transform((state) => (Array.isArray(state) ? state : [state]))
    .prefault(['failed', 'timed_out']),
  code: orNull(z.string().regex(/^[a-zA-Z_]{1,64}$/, 'must be the code of an outcome or of an error')),
  since: orNull(moment),
  until: orNull(moment),
  after: orNull(
    z
      .string()
      .transform((text) => parseId('run', text))
      .refine((id) => id !== null, 'must be the `next` of a redrive'),
  ),
  limit: z.int('must be a whole number').min(1, LIMIT_RULE).max(LIMIT_MAX, LIMIT_RULE).prefault(100),
  dryRun: z.boolean().prefault(false),
});

export function replayRoutes(ports: WebPorts): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/runs/:id/retry',
      answer: async (request) => {
        const runId = runIdOf(request);
        const idempotencyKey = readKey(request);
        readOnly(await readJsonObject(request), []);
        const { run, isRepeat } = await ports.runs.retryRun({ runId, idempotencyKey });
        return accepted(run, isRepeat);
      },
    },
    {
      method: 'POST',
      path: '/api/v1/runs/:id/replay',
      answer: async (request) => {
        const { run, isRepeat } = await ports.runs.replayRun(await readReplay(request));
        return accepted(run, isRepeat);
      },
    },
    { method: 'POST', path: '/api/v1/redrive', answer: (request) => answerRedrive(ports, request) },
  ];
}

async function readReplay(request: WebRequest): Promise<ReplayRequest> {
  const runId = runIdOf(request);
  const idempotencyKey = readKey(request);
  const body = readOnly(await readJsonObject(request), ['from', 'params', 'data', 'pluginVersions']);
  const { from = null, params, pluginVersions } = body;
  if (from !== null && typeof from !== 'string')
    throw badRequest('INPUT_INVALID', 'from', 'must be the name of a hook');
  if (params !== undefined && !isJsonObject(params)) throw badRequest('INPUT_INVALID', 'params', 'must be an object');
  return {
    ...{ runId, idempotencyKey, from },
    ...(params === undefined ? {} : { params }),
    ...(body['data'] === undefined ? {} : { data: body['data'] }),
    ...(pluginVersions === undefined ? {} : { pluginVersions: readVersions(pluginVersions) }),
  };
}

const versionsBody = z
  .record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/), z.string().regex(/^[0-9A-Za-z.+-]{1,128}$/))
  .refine((versions) => Object.keys(versions).length <= 100);

function readVersions(value: JsonValue): Readonly<Record<string, string>> {
  const read = versionsBody.safeParse(value);
  if (read.success) return read.data;
  const rule =
    'must be an object of at most 100 plugin names, each with a version like "1.2.0" or "1.2.0+0123456789ab"';
  throw badRequest('INPUT_INVALID', 'pluginVersions', rule);
}

function readOnly(body: JsonObject, keys: readonly string[]): JsonObject {
  for (const key of Object.keys(body)) {
    const there = keys.length === 0 ? 'there is none' : `there are ${keys.join(', ')}`;
    if (!keys.includes(key)) throw badRequest('INPUT_INVALID', key, `is no key here; ${there}`);
  }
  return body;
}

async function answerRedrive(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const report = await ports.runs.redrive(readRedrive(await readJsonObject(request)), request.gone);
  return jsonAnswer({ ...report });
}

function readRedrive(body: JsonObject): RedriveRequest {
  const read = redriveBody.safeParse(readOnly(body, Object.keys(redriveBody.shape)));
  if (!read.success) {
    const [issue] = read.error.issues;
    throw badRequest('INPUT_INVALID', issue?.path.join('.') ?? 'body', issue?.message ?? 'is not acceptable');
  }
  const { state: states, since: sinceMs, until: untilMs, dryRun: isDryRun, ...rest } = read.data;
  return { ...rest, states, sinceMs, untilMs, isDryRun };
}
