// Live streams over HTTP. The end of the client ends the generator; a full house answers 429 before anything is opened.
import { Readable } from 'node:stream';
import { messageOf } from '../../core/errors/gantry-error.ts';
import { findRun } from '../api/load-run-view.ts';
import { runIdOf } from '../api/route-params.ts';
import { badRequest } from '../http/problem.ts';
import type { Answer, Route, WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { streamChanges } from './change-stream.ts';
import type { LiveSlots } from './live-slots.ts';
import { streamRun } from './run-stream.ts';

export function liveRoutes(ports: WebPorts, slots: LiveSlots): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/runs/:id/events',
      answer: async (request) => {
        const runId = runIdOf(request);
        const afterSeq = readLastEventId(request);
        await findRun(ports.store, runId, { signal: request.signal });
        return streamAnswer(ports, slots, request, () => streamRun(ports, runId, afterSeq, request.gone));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/events',
      answer: (request) => streamAnswer(ports, slots, request, () => streamChanges(ports, request.gone)),
    },
  ];
}

function readLastEventId(request: WebRequest): number {
  const text = request.header('last-event-id') ?? request.query.get('after') ?? '0';
  if (!/^\d{1,9}$/.test(text))
    throw badRequest('ID_INVALID', 'Last-Event-ID', 'must be the id of an event of this run');
  return Number(text);
}

function streamAnswer(
  ports: WebPorts,
  slots: LiveSlots,
  request: WebRequest,
  open: () => AsyncGenerator<string>,
): Answer {
  const type = 'text/event-stream; charset=utf-8';
  const headers = { 'X-Accel-Buffering': 'no' };
  if (request.method === 'HEAD') return { status: 200, type, headers, body: '' };
  const slot = slots.take();
  // Not freed by the generator: one that was never started runs no cleanup. `gone` aborts at every end of the response.
  request.gone.addEventListener('abort', () => {
    slot[Symbol.dispose]();
  });
  if (request.gone.aborted) slot[Symbol.dispose]();
  const body = Readable.from(guarded(ports, open, request.gone), { objectMode: false, highWaterMark: 16 * 1024 });
  return { status: 200, type, headers, body };
}

/** An end by the client is quiet; any other failure is logged, because the status line is long gone. */
async function* guarded(
  ports: WebPorts,
  open: () => AsyncGenerator<string>,
  gone: AbortSignal,
): AsyncGenerator<string> {
  try {
    yield* open();
  } catch (error) {
    if (!gone.aborted) ports.logger.log('warn', 'a live stream broke off', { reason: messageOf(error) });
  }
}
