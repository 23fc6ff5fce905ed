// The metrics listener: apart from the panel, so that a scraper needs no way to anything else.
import { problemAnswer } from '../http/problem.ts';
import { createApp } from '../http/koa-app.ts';
import { HttpListener } from '../http/http-listener.ts';
import type { Route } from '../http/route.ts';
import type { ListenerSettings, MetricsWebPorts } from '../ports.ts';
import { healthRoutes } from './health-routes.ts';

const SCRAPE_TIMEOUT_MS = 10_000;

export function createMetricsWeb(ports: MetricsWebPorts, settings: ListenerSettings): HttpListener {
  const closing = new AbortController();
  const metrics: Route = {
    method: 'GET',
    path: '/metrics',
    answer: async () => {
      const { contentType, body } = await ports.metricsPage();
      return { status: 200, type: contentType, headers: {}, body };
    },
  };
  const app = createApp({
    routes: [metrics, ...healthRoutes(() => ports.health())],
    allowedHosts: null,
    bodyBytesMax: 0,
    requestTimeoutMs: SCRAPE_TIMEOUT_MS,
    clock: ports.clock,
    logger: ports.logger,
    closing: closing.signal,
    errorAnswer: (error, { path }) => problemAnswer(error, path),
  });
  const answer = app.callback();
  return new HttpListener((request, response) => void answer(request, response), settings, closing, ports.clock);
}
