// The only file that knows Koa: turns routes into an app with the guards, headers, deadlines and error answers that hold everywhere.
import { Readable } from 'node:stream';
import Router from '@koa/router';
import Koa from 'koa';
import { deadlineWithin } from '../../core/deadline.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { Clock, Deadline } from '../../core/ports/clock.ts';
import type { Logger } from '../../core/ports/logger.ts';
import { guardChange, guardHost } from './host-guard.ts';
import { toClientError } from './problem.ts';
import { readBody } from './read-body.ts';
import type { Answer, Route, WebRequest } from './route.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

const STREAM_IDLE_MS = 60_000;

export interface AppOptions {
  readonly routes: readonly Route[];
  /** null: every Host is answered (the metrics listener) */
  readonly allowedHosts: readonly string[] | null;
  readonly bodyBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** aborts when the server closes */
  readonly closing: AbortSignal;
  errorAnswer(error: GantryError, request: { readonly path: string; readonly accept: string }): Answer;
}

export function createApp(options: AppOptions): Koa {
  const app = new Koa();
  const router = new Router();
  for (const route of options.routes) {
    const methods = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];
    router.register(route.path, methods, async (context) => {
      await answerRoute(context, context.params, route, options);
    });
  }
  app.use(async (context, next) => {
    await withErrors(context, next, options);
  });
  app.use(router.routes());
  app.use((context) => {
    throw unanswered(context, router);
  });
  app.on('error', (error: unknown) => {
    // Clients that leave early are no event worth a line.
    if (isDisconnect(error)) return;
    options.logger.log('error', 'an answer broke off', { reason: messageOf(error) });
  });
  return app;
}

async function withErrors(context: Koa.Context, next: Koa.Next, options: AppOptions): Promise<void> {
  try {
    if (options.allowedHosts !== null) guardHost((name) => headerOf(context, name), options.allowedHosts);
    if (!['GET', 'HEAD', 'OPTIONS'].includes(context.method)) guardChange((name) => headerOf(context, name));
    await next();
  } catch (thrown) {
    if (isDisconnect(thrown)) return;
    const error = toClientError(thrown);
    if (error.code === 'DEFECT') logDefect(options.logger, context, error);
    send(context, options.errorAnswer(error, { path: context.path, accept: headerOf(context, 'accept') ?? '' }));
  }
}

function logDefect(logger: Logger, context: Koa.Context, error: GantryError): void {
  const cause: unknown = error.cause;
  logger.log('error', 'a request met a defect', {
    method: context.method,
    path: context.path,
    reason: messageOf(cause ?? error),
    stack: cause instanceof Error ? cause.stack : error.stack,
  });
}

async function answerRoute(
  context: Koa.Context,
  params: Readonly<Record<string, string>>,
  route: Route,
  options: AppOptions,
): Promise<void> {
  using request = new KoaRequest(context, params, options);
  send(context, await route.answer(request));
}

/** Signals are made when they are asked for: most requests need none, and a timer with joined signals is a tenth of a short answer. */
class KoaRequest implements WebRequest, Disposable {
  readonly params: WebRequest['params'];
  readonly #context: Koa.Context;
  readonly #options: AppOptions;
  #deadline: Deadline | null = null;
  #gone: AbortSignal | null = null;

  constructor(context: Koa.Context, params: WebRequest['params'], options: AppOptions) {
    this.params = params;
    this.#context = context;
    this.#options = options;
  }

  get method(): string {
    return this.#context.method;
  }

  get path(): string {
    return this.#context.path;
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#context.querystring);
  }

  get signal(): AbortSignal {
    const { clock, requestTimeoutMs, closing } = this.#options;
    this.#deadline ??= deadlineWithin(clock, requestTimeoutMs, closing);
    return this.#deadline.signal;
  }

  get gone(): AbortSignal {
    this.#gone ??= goneOf(this.#context, this.#options.closing);
    return this.#gone;
  }

  header(name: string): string | null {
    return headerOf(this.#context, name);
  }

  async readBody(bytesMax = this.#options.bodyBytesMax): Promise<Uint8Array> {
    return await readBody(this.#context.req, bytesMax);
  }

  [Symbol.dispose](): void {
    this.#deadline?.[Symbol.dispose]();
  }
}

const LEFT = new DOMException('the client left', 'AbortError');

/** Aborts at the end of the answer, however it comes, or when the server closes. */
function goneOf({ res }: Koa.Context, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const close = (): void => {
    gone.abort(closing.reason);
  };
  const leave = (): void => {
    closing.removeEventListener('abort', close);
    gone.abort(LEFT);
  };
  if (res.closed) leave();
  else if (closing.aborted) close();
  else {
    res.once('close', leave);
    closing.addEventListener('abort', close, { once: true });
  }
  return gone.signal;
}

function send(context: Koa.Context, answer: Answer): void {
  const { status, type, headers, body } = answer;
  if (!(body instanceof Readable)) {
    sendWhole(context, answer, body);
    return;
  }
  context.status = status;
  context.set(SECURITY_HEADERS);
  context.set(headers);
  // A client that stops reading stops the heartbeats, too, and is cut off.
  context.req.socket.setTimeout(STREAM_IDLE_MS, () => {
    context.req.socket.destroy();
  });
  context.body = body;
  context.type = type;
}

/** By itself, not by Koa, which looks at header after header again: all headers at once, and head and body in one write. */
function sendWhole(context: Koa.Context, { status, type, headers }: Answer, body: string | Uint8Array): void {
  context.respond = false;
  const { res } = context;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  res.writeHead(status, { ...SECURITY_HEADERS, ...headers, 'Content-Type': type, 'Content-Length': length });
  if (context.method === 'HEAD') res.end();
  else res.end(body);
}

function unanswered(context: Koa.Context, router: Router): GantryError {
  const methods = new Set(router.match(context.path, context.method).path.flatMap((layer) => layer.methods));
  if (methods.size === 0) return new GantryError('NOT_FOUND', 'Nothing is at this address.');
  context.set('Allow', [...methods].join(', '));
  return new GantryError('METHOD_NOT_ALLOWED', `${context.method} is not possible here.`);
}

function headerOf(context: Koa.Context, name: string): string | null {
  const value = context.req.headers[name];
  return typeof value === 'string' ? value : null;
}

function isDisconnect(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : null;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}
