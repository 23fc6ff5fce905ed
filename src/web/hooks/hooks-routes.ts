// POST /hooks/<path>: signed requests of other programs. Who they are is proven by the signature alone; the rules for hosts hold as everywhere.
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import { problemAnswer, problemOf } from '../http/problem.ts';
import { jsonAnswer, type Answer, type Route, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';

/** Of a body. Nobody has proven who they are when it is read, so it is far below what the API takes. */
export const WEBHOOK_BYTES_MAX = 1024 * 1024;
const PREFIX = '/hooks/';

export function hooksRoutes({ webhooks }: Pick<WebPorts, 'webhooks'>): readonly Route[] {
  return [{ method: 'POST', path: `${PREFIX}*path`, answer: (request) => answerHook(webhooks, request) }];
}

async function answerHook(webhooks: WebPorts['webhooks'], request: WebRequest): Promise<Answer> {
  try {
    const { run, isRepeat } = await webhooks.receive({
      path: request.path.slice(PREFIX.length),
      header: (name) => request.header(name),
      readBody: () => request.readBody(WEBHOOK_BYTES_MAX),
      signal: request.signal,
    });
    return jsonAnswer({ id: run.id }, 202, isRepeat ? { 'Idempotent-Replayed': 'true' } : {});
  } catch (error) {
    if (error instanceof GantryError && ERROR_TABLE[error.code].fault === 'load') return tryLater(error, request.path);
    throw error;
  }
}

/** Senders of webhooks try again at 503; many take 429 for their own fault and give up. */
function tryLater(error: GantryError, path: string): Answer {
  const answer = problemAnswer(error, path);
  return { ...answer, status: 503, body: `${JSON.stringify({ ...problemOf(error, path), status: 503 })}\n` };
}
