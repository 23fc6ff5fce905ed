// The server of API and panel: `createWeb(ports, settings)` → an HttpListener with `listen` and `close`.
import type { GantryError } from '../core/errors/gantry-error.ts';
import { apiRoutes } from './api/api-routes.ts';
import { hooksRoutes } from './hooks/hooks-routes.ts';
import { HttpListener } from './http/http-listener.ts';
import { createApp } from './http/koa-app.ts';
import { problemAnswer } from './http/problem.ts';
import type { Answer } from './http/route.ts';
import { liveRoutes } from './live/live-routes.ts';
import { LiveSlots } from './live/live-slots.ts';
import { panelErrorAnswer } from './panel/error-page.ts';
import { panelRoutes } from './panel/panel-routes.ts';
import { Views } from './panel/render-view.ts';
import type { WebPorts, WebSettings } from './ports.ts';

export function createWeb(ports: WebPorts, settings: WebSettings): HttpListener {
  const closing = new AbortController();
  const views = new Views(ports.version);
  const app = createApp({
    routes: [
      ...apiRoutes(ports),
      ...liveRoutes(ports, new LiveSlots(settings.liveClientsMax)),
      ...hooksRoutes(ports),
      ...panelRoutes(ports, views, closing.signal),
    ],
    allowedHosts: settings.allowedHosts,
    bodyBytesMax: settings.bodyBytesMax,
    requestTimeoutMs: settings.requestTimeoutMs,
    clock: ports.clock,
    logger: ports.logger,
    closing: closing.signal,
    errorAnswer: (error, request) => answerError(views, error, request),
  });
  const answer = app.callback();
  return new HttpListener((request, response) => void answer(request, response), settings, closing, ports.clock);
}

/** People get a page, programs a problem document. */
function answerError(
  views: Views,
  error: GantryError,
  { path, accept }: { readonly path: string; readonly accept: string },
): Answer {
  const isForPeople = accept.includes('text/html') && !path.startsWith('/api/');
  return isForPeople ? panelErrorAnswer(views, error, path) : problemAnswer(error, path);
}
