// Runs: list, show, cancel, logs.
import { z } from 'zod';
import { deadlineWithin } from '../../core/deadline.ts';
import { parseId, type RunId } from '../../core/ids.ts';
import type { PageRequest, RunFilter, StoredLogLine } from '../../core/ports/store.ts';
import { RUN_STATES, type RunState } from '../../core/run.ts';
import { readQuery } from '../http/read-query.ts';
import { jsonAnswer, type Answer, type Route, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { findRun, loadRunView } from './load-run-view.ts';
import { runIdOf } from './route-params.ts';
import { runSummary } from './run-view.ts';
import { readWaitMs, waitForRun } from './wait-for-run.ts';

const states = new Set<string>(RUN_STATES);
const isState = (text: string): text is RunState => states.has(text);

/** `limit` of a list, as text: 1 to `max`. */
function limitSchema(max: number, initial: number): z.ZodType<number, string | undefined> {
  return z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= max, `must be 1 to ${String(max)}`)
    .optional()
    .transform((limit) => limit ?? initial);
}

const runsQuery = z.object({
  state: z
    .string()
    .transform((text) => text.split(','))
    .refine((list) => list.every(isState), `must be of ${RUN_STATES.join(', ')}`)
    .transform((list) => list.filter(isState))
    .optional(),
  pipeline: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be the name of a pipeline')
    .optional(),
  after: z
    .string()
    .transform((text) => parseId('run', text))
    .refine((id) => id !== null, 'must be the `next` of another page')
    .optional(),
  limit: limitSchema(200, 50),
});

/** Filter and page of a list of runs. @throws GantryError QUERY_INVALID */
export function readRunsQuery(query: URLSearchParams): { readonly filter: RunFilter; readonly page: PageRequest } {
  const { state, pipeline, after, limit } = readQuery(query, runsQuery);
  return {
    filter: { ...(state === undefined ? {} : { states: state }), ...(pipeline === undefined ? {} : { pipeline }) },
    page: { limit, ...(after === undefined ? {} : { after }) },
  };
}

/** A wait may use up the request's own deadline; reading the run gets a new one. */
const ANSWER_MS = 30_000;

const logsQuery = z.object({
  plugin: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be the name of a plugin')
    .optional(),
  after: z
    .string()
    .regex(/^\d{1,15}$/, 'must be the `next` of another page, or 0')
    .transform(Number)
    .optional(),
  limit: limitSchema(1_000, 500),
});

export interface LogView {
  readonly seq: number;
  readonly at: string;
  readonly level: StoredLogLine['level'];
  readonly hook: string | null;
  readonly plugin: string;
  readonly invocation: string | null;
  readonly message: string;
}

export function logView(line: StoredLogLine): LogView {
  return {
    seq: line.seq,
    at: new Date(line.atMs).toISOString(),
    level: line.level,
    hook: line.hook,
    plugin: line.plugin,
    invocation: line.invocationId,
    message: line.message,
  };
}

export function runsRoutes(ports: WebPorts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/runs',
      answer: async (request) => {
        const { filter, page } = readRunsQuery(request.query);
        const { items, next } = await ports.store.listRuns(filter, page, { signal: request.signal });
        return jsonAnswer({ items: items.map(runSummary), next });
      },
    },
    {
      method: 'GET',
      path: '/api/v1/runs/:id',
      answer: (request) => answerRun(ports, request, runIdOf(request)),
    },
    {
      method: 'POST',
      path: '/api/v1/runs/:id/cancel',
      answer: async (request) => {
        const run = await ports.runs.requestCancel(runIdOf(request), { signal: request.signal });
        return jsonAnswer(runSummary(run), 202, { Location: `/api/v1/runs/${run.id}` });
      },
    },
    { method: 'GET', path: '/api/v1/runs/:id/logs', answer: (request) => answerLogs(ports, request, runIdOf(request)) },
    { method: 'GET', path: '/api/v1/logs', answer: (request) => answerLogs(ports, request, null) },
  ];
}

/** With `Prefer: wait=N` once the run has ended, or after N seconds as it stands then. */
async function answerRun(ports: WebPorts, request: WebRequest, runId: RunId): Promise<Answer> {
  const waitMs = readWaitMs(request);
  if (waitMs > 0) {
    const run = await findRun(ports.store, runId, { signal: request.signal });
    await waitForRun(ports, run, waitMs, request);
  }
  using deadline = deadlineWithin(ports.clock, ANSWER_MS, request.gone);
  return jsonAnswer(await loadRunView(ports, runId, deadline));
}

/** Of one run, or of all (null). */
async function answerLogs(ports: WebPorts, request: WebRequest, runId: RunId | null): Promise<Answer> {
  const { after, limit, plugin } = readQuery(request.query, logsQuery);
  if (runId !== null) await findRun(ports.store, runId, { signal: request.signal });
  const filter = {
    limit,
    ...(runId === null ? {} : { runId }),
    ...(plugin === undefined ? {} : { plugin }),
    ...(after === undefined ? {} : { afterSeq: after }),
  };
  const lines = await ports.store.listLogs(filter, { signal: request.signal });
  return jsonAnswer({ items: lines.map(logView), next: lines.at(-1)?.seq ?? after ?? 0 });
}
