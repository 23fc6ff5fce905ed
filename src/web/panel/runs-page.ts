// Runs, newest first; the address is the filter.
import { RUN_STATES } from '../../core/run.ts';
import { readRunsQuery } from '../api/runs-routes.ts';
import { runSummary } from '../api/run-view.ts';
import type { Answer, WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import type { Views } from './render-view.ts';

export async function runsPage(ports: WebPorts, views: Views, request: WebRequest): Promise<Answer> {
  const query = withoutEmpty(request.query);
  const { filter, page } = readRunsQuery(query);
  const { items, next } = await ports.store.listRuns(filter, page, { signal: request.signal });
  const state = query.get('state');
  return views.render(
    'runs',
    { title: 'Runs', section: 'runs', live: query.has('after') ? null : '/api/v1/events' },
    {
      runs: items.map(runSummary),
      next: next === null ? null : addressWith(query, 'after', next),
      first: query.has('after') ? addressWith(query, 'after', null) : null,
      isFiltered: state !== null || query.has('pipeline'),
      selected: { state: state ?? '', pipeline: query.get('pipeline') ?? '' },
      states: RUN_STATES,
      pipelines: ports.pipelines().map(({ name }) => name),
    },
  );
}

/** A form sends its empty fields, too. */
function withoutEmpty(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...query].filter(([, value]) => value !== ''));
}

function addressWith(query: URLSearchParams, name: string, value: string | null): string {
  const changed = new URLSearchParams(query);
  if (value === null) changed.delete(name);
  else changed.set(name, value);
  const text = changed.toString();
  return text === '' ? '/runs' : `/runs?${text}`;
}
