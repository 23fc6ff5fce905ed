// One run: what happened, hook by hook and plugin by plugin, with the cause of a failure and its evidence.
import type { LimitBreach, Outcome } from '../../core/outcome.ts';
import { isTerminal } from '../../core/run.ts';
import { loadRunView } from '../api/load-run-view.ts';
import { runIdOf } from '../api/route-params.ts';
import { logView } from '../api/runs-routes.ts';
import type { HookView, InvocationView } from '../api/run-view.ts';
import type { Answer, WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { formatBytes, formatJson, formatSpan, type ShownJson } from './format.ts';
import type { Views } from './render-view.ts';
import { waterfallOf, type Waterfall } from './waterfall.ts';

const LOG_LINES = 300;
/** What stands open on the page; more of it is folded away, so that a run of a thousand items is still read from the top. */
const WARNINGS_OPEN = 5;
const INVOCATIONS_OPEN = 10;
const ROWS_DRAWN = 60;

interface ShownInvocation {
  readonly view: InvocationView;
  readonly evidence: string | null;
  readonly result: ShownJson | null;
}

export async function runPage(ports: WebPorts, views: Views, request: WebRequest): Promise<Answer> {
  const id = runIdOf(request);
  const run = await loadRunView(ports, id, { signal: request.signal });
  const lines = await ports.store.listLogs({ runId: id, limit: LOG_LINES }, { signal: request.signal });
  const isEnded = isTerminal(run.state);
  return views.render(
    'run',
    { title: `Run of ${run.pipeline}`, section: 'runs', live: isEnded ? null : `/api/v1/runs/${id}/events` },
    {
      run,
      isEnded,
      waterfall: firstRows(waterfallOf(run)),
      warnings: { shown: run.warnings.slice(0, WARNINGS_OPEN), more: run.warnings.slice(WARNINGS_OPEN) },
      hooks: run.hooks.map(showHook),
      params: formatJson(run.params),
      output: run.data === null ? null : formatJson(run.data),
      logs: lines.map(logView),
      isLogCut: lines.length === LOG_LINES,
    },
  );
}

/** `left`: rows that are not drawn. */
function firstRows(waterfall: Waterfall | null): (Waterfall & { readonly left: number }) | null {
  if (waterfall === null) return null;
  const { rows } = waterfall;
  return { ...waterfall, rows: rows.slice(0, ROWS_DRAWN), left: Math.max(0, rows.length - ROWS_DRAWN) };
}

function showHook(hook: HookView) {
  const more = hook.plugins.slice(INVOCATIONS_OPEN);
  return {
    ...hook,
    shown: hook.plugins.slice(0, INVOCATIONS_OPEN).map(showInvocation),
    more: more.map(showInvocation),
    moreFailed: more.filter(({ state }) => state === 'failed').length,
  };
}

function showInvocation(view: InvocationView): ShownInvocation {
  return {
    view,
    evidence: view.outcome === null ? null : evidenceOf(view.outcome),
    result: view.result === null ? null : formatJson(view.result),
  };
}

function exitText(exitCode: number | null, signal: string | null): string {
  return signal === null ? `exit code ${String(exitCode ?? 'unknown')}` : `signal ${signal}`;
}

function breachText({ limit, value, used }: LimitBreach): string {
  const format = limit.endsWith('Bytes') ? formatBytes : formatSpan;
  return `${limit}: limit ${format(value)}${used === null ? '' : `, used ${format(used)}`}`;
}

/** The facts behind an outcome: limit and use, exit code, violation. */
function evidenceOf(outcome: Outcome): string | null {
  switch (outcome.code) {
    case 'crash':
      return exitText(outcome.exitCode, outcome.signal);
    case 'oom':
    case 'cpu_time':
    case 'timeout':
    case 'output_limit':
      return breachText(outcome.breach);
    case 'protocol':
      return outcome.violation;
    case 'plugin_error':
      return outcome.pluginCode;
    default:
      return null;
  }
}
