// The first page: what is healthy, what runs, what failed. It stands even when the store does not: then it says so.
import { messageOf } from '../../core/errors/gantry-error.ts';
import type { RunFilter } from '../../core/ports/store.ts';
import { runSummary, type RunSummary } from '../api/run-view.ts';
import { pipelineView } from '../api/plugins-routes.ts';
import type { Answer, WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import type { Views } from './render-view.ts';

interface DashboardRuns {
  readonly problem: string | null;
  readonly open: readonly RunSummary[];
  readonly failures: readonly RunSummary[];
  readonly recent: readonly RunSummary[];
}

export async function dashboardPage(ports: WebPorts, views: Views, request: WebRequest): Promise<Answer> {
  const [health, runs] = await Promise.all([ports.health(), loadRuns(ports, request)]);
  const statuses = ports.catalog.statuses();
  const { sandboxes, capacity } = ports.status();
  return views.render(
    'dashboard',
    { title: 'Dashboard', section: 'dashboard', live: '/api/v1/events' },
    {
      health,
      runs,
      sandboxes: Object.entries(sandboxes).map(([state, count]) => ({ state, count })),
      capacity,
      plugins: {
        ready: statuses.filter(({ state }) => state === 'ready').length,
        building: statuses.filter(({ state }) => state === 'building').length,
        failed: statuses.filter(({ state }) => state === 'failed').map(({ name }) => name),
        total: statuses.length,
      },
      pipelines: ports.pipelines().map((pipeline) => pipelineView(ports, pipeline)),
      pipelineProblems: ports.pipelineProblems(),
    },
  );
}

async function loadRuns(ports: WebPorts, request: WebRequest): Promise<DashboardRuns> {
  const list = async (filter: RunFilter, limit: number): Promise<readonly RunSummary[]> => {
    const page = await ports.store.listRuns(filter, { limit }, { signal: request.signal });
    return page.items.map(runSummary);
  };
  try {
    const [open, failures, recent] = await Promise.all([
      list({ states: ['queued', 'running', 'waiting'] }, 10),
      list({ states: ['failed', 'timed_out'] }, 5),
      list({}, 10),
    ]);
    return { problem: null, open, failures, recent };
  } catch (error) {
    return { problem: messageOf(error), open: [], failures: [], recent: [] };
  }
}
