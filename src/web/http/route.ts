// A route takes a plain request and returns a plain answer, so that everything but koa-app.ts can be read and tested without Koa.
import type { Readable } from 'node:stream';

export interface WebRequest {
  readonly method: string;
  /** path as the client sent it, without the query */
  readonly path: string;
  readonly query: URLSearchParams;
  /** parts of the path by name, percent-decoded; hostile */
  readonly params: Readonly<Record<string, string>>;
  /** null when absent */
  header(name: string): string | null;
  /** The whole body, of which the server's limit or the given one is accepted. @throws GantryError BODY_TOO_LARGE */
  readBody(bytesMax?: number): Promise<Uint8Array>;
  /** aborts when the time for an ordinary answer is over, or the server closes */
  readonly signal: AbortSignal;
  /** aborts when the client left or the server closes; for long answers */
  readonly gone: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** with `:name` parts */
  readonly path: string;
  answer(request: WebRequest): Promise<Answer> | Answer;
}

type Headers = Readonly<Record<string, string>>;

export function jsonAnswer(value: unknown, status = 200, headers: Headers = {}): Answer {
  return { status, type: 'application/json; charset=utf-8', headers, body: `${JSON.stringify(value)}\n` };
}

export function htmlAnswer(body: string, status = 200): Answer {
  return { status, type: 'text/html; charset=utf-8', headers: {}, body };
}

export function redirectAnswer(location: string): Answer {
  return { status: 303, type: 'text/plain; charset=utf-8', headers: { Location: location }, body: `see ${location}\n` };
}
