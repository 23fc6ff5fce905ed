// Liveness and readiness, the same on both listeners: `/healthz` says the process answers, `/readyz` whether work can be done now.
import { jsonAnswer, type Route } from '../http/route.ts';
import type { HealthReport } from '../ports.ts';

export function healthRoutes(health: () => Promise<HealthReport>): readonly Route[] {
  return [
    { method: 'GET', path: '/healthz', answer: () => jsonAnswer({ status: 'ok' }) },
    {
      method: 'GET',
      path: '/readyz',
      answer: async () => {
        const { isReady, components } = await health();
        return jsonAnswer({ status: isReady ? 'ready' : 'not_ready', components }, isReady ? 200 : 503);
      },
    },
  ];
}
