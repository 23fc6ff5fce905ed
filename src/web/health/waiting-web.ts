// Answers while the program waits for its store: it lives, it is not ready, and whatever is asked gets the cause.
import { createApp } from '../http/koa-app.ts';
import { HttpListener } from '../http/http-listener.ts';
import { problemAnswer } from '../http/problem.ts';
import type { GantryError } from '../../core/errors/gantry-error.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { ListenerSettings } from '../ports.ts';
import { healthRoutes } from './health-routes.ts';

const REQUEST_TIMEOUT_MS = 10_000;

export interface WaitingPorts {
  /** why the store cannot be had, as it was last seen */
  readonly cause: () => GantryError;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createWaitingWeb({ cause, clock, logger }: WaitingPorts, settings: ListenerSettings): HttpListener {
  const closing = new AbortController();
  const app = createApp({
    routes: healthRoutes(() =>
      Promise.resolve({ isReady: false, components: [{ name: 'store', isUp: false, message: cause().message }] }),
    ),
    allowedHosts: null,
    bodyBytesMax: 0,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    clock,
    logger,
    closing: closing.signal,
    errorAnswer: (_error, { path }) => problemAnswer(cause(), path),
  });
  const answer = app.callback();
  return new HttpListener((request, response) => void answer(request, response), settings, closing, clock);
}
