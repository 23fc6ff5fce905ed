// Every route of the API, in one list: the documentation and the tests read it.
import type { Route } from '../http/route.ts';
import { healthRoutes } from '../health/health-routes.ts';
import type { WebPorts } from '../ports.ts';
import { artifactsRoutes } from './artifacts-routes.ts';
import { approvalRoutes } from './approvals-routes.ts';
import { gcRoutes } from './gc-routes.ts';
import { pluginsRoutes } from './plugins-routes.ts';
import { replayRoutes } from './replay-routes.ts';
import { runsRoutes } from './runs-routes.ts';
import { schedulesRoutes } from './schedules-routes.ts';
import { startRunRoute } from './start-run-route.ts';

export function apiRoutes(ports: WebPorts): readonly Route[] {
  return [
    startRunRoute(ports),
    ...runsRoutes(ports),
    ...replayRoutes(ports),
    ...artifactsRoutes(ports),
    ...approvalRoutes(ports),
    ...pluginsRoutes(ports),
    ...schedulesRoutes(ports),
    ...gcRoutes(ports),
    ...healthRoutes(() => ports.health()),
  ];
}
