// Runs: list, show, cancel, logs.
import { z } from 'zod';
import { parseId, type RunId } from '../../core/ids.ts';
import type { PageRequest, RunFilter, StoredLogLine } from '../../core/ports/store.ts';
import { RUN_STATES, type RunState } from '../../core/run.ts';
import { readQuery } from '../http/read-query.ts';
import { jsonAnswer, type Route, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { findRun, loadRunView } from './load-run-view.ts';
import { runIdOf } from './route-params.ts';
import { runSummary } from './run-view.ts';

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

const logsQuery = z.object({
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
      answer: async (request) =>
        jsonAnswer(await loadRunView(ports.store, runIdOf(request), { signal: request.signal })),
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
  ];
}

async function answerLogs(ports: WebPorts, request: WebRequest, runId: RunId): Promise<ReturnType<typeof jsonAnswer>> {
  const { after, limit } = readQuery(request.query, logsQuery);
  await findRun(ports.store, runId, { signal: request.signal });
  const filter = { runId, limit, ...(after === undefined ? {} : { afterSeq: after }) };
  const lines = await ports.store.listLogs(filter, { signal: request.signal });
  return jsonAnswer({ items: lines.map(logView), next: lines.at(-1)?.seq ?? after ?? 0 });
}
