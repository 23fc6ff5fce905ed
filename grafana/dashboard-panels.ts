// The panels of the overview as plain rows: title, unit, queries. How Grafana wants them written is in generate-overview.ts.

export interface QueryDeclaration {
  readonly expr: string;
  readonly legend: string;
  /** true when the query is rightly empty as long as nothing of the kind happened (failures, refusals) */
  readonly mayBeEmpty?: boolean;
}

export interface PanelDeclaration {
  readonly title: string;
  readonly description: string;
  readonly kind: 'stat' | 'timeseries';
  /** Grafana's name of the unit */
  readonly unit: string;
  /** of 24 columns */
  readonly width: number;
  readonly queries: readonly QueryDeclaration[];
}

export interface RowDeclaration {
  readonly title: string;
  readonly panels: readonly PanelDeclaration[];
}

function stat(title: string, description: string, unit: string, expr: string): PanelDeclaration {
  return { title, description, kind: 'stat', unit, width: 4, queries: [{ expr, legend: title }] };
}

function lines(
  title: string,
  description: string,
  unit: string,
  queries: readonly QueryDeclaration[],
  width = 8,
): PanelDeclaration {
  return { title, description, kind: 'timeseries', unit, width, queries };
}

function query(expr: string, legend: string): QueryDeclaration {
  return { expr, legend };
}

/** A query that is rightly empty while nothing of the kind happened. */
function rare(expr: string, legend: string): QueryDeclaration {
  return { expr, legend, mayBeEmpty: true };
}

function rate(metric: string, by: string): string {
  return `sum by (${by}) (rate(gantry_${metric}[$__rate_interval]))`;
}

function quantile(share: number, metric: string, by: string): string {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${String(share)}, sum by (${labels}) (rate(gantry_${metric}_bucket[$__rate_interval])))`;
}

export const OVERVIEW_ROWS: readonly RowDeclaration[] = [
  {
    title: 'Now',
    panels: [
      stat('Engine', '1 while the container engine answers.', 'short', 'min(gantry_engine_up)'),
      stat('Store', '1 while the store takes writes.', 'short', 'min(gantry_store_up)'),
      stat('Open runs', 'Queued, running and waiting.', 'short', 'sum(gantry_runs)'),
      stat('Plugins', 'Plugins that are ready.', 'short', 'sum(gantry_plugins)'),
      stat(
        'Since the last success',
        'Of the pipeline that succeeded last.',
        's',
        'time() - max(gantry_last_success_timestamp_seconds)',
      ),
      {
        ...stat('Release', 'What runs.', 'short', 'sum by (version, node) (gantry_build_info)'),
        queries: [{ expr: 'sum by (version, node) (gantry_build_info)', legend: '{{version}} on {{node}}' }],
      },
    ],
  },
  {
    title: 'Runs',
    panels: [
      lines('Runs by outcome', 'Ended runs per second.', 'ops', [query(rate('runs_total', 'outcome'), '{{outcome}}')]),
      lines('Share of runs that failed', 'Failed and timed out, of all that ended.', 'percentunit', [
        query(
          'sum(rate(gantry_runs_total{outcome=~"failed|timed_out"}[$__rate_interval])) / sum(rate(gantry_runs_total[$__rate_interval]))',
          'failed',
        ),
      ]),
      lines('Duration of runs', 'From the first claim to the end.', 's', [
        query(quantile(0.5, 'run_duration_seconds', 'pipeline'), '{{pipeline}} p50'),
        query(quantile(0.95, 'run_duration_seconds', 'pipeline'), '{{pipeline}} p95'),
      ]),
      lines('Open runs by state', 'Queue and work under way.', 'short', [
        query('sum by (state) (gantry_runs)', '{{state}}'),
      ]),
      lines('Wait in the queue', 'From acceptance to the start.', 's', [
        query(quantile(0.95, 'run_queue_wait_seconds', 'pipeline'), '{{pipeline}} p95'),
      ]),
      lines(
        'Waiting runs by reason',
        'For a person, another run, the next attempt; queued while the engine is away.',
        'short',
        [query('sum by (reason) (gantry_runs_waiting)', '{{reason}}')],
      ),
      lines('Refused and recovered', 'Triggers refused by code; runs taken up after a loss.', 'ops', [
        query(rate('runs_refused_total', 'code'), '{{code}}'),
        rare(rate('runs_recovered_total', 'pipeline'), 'recovered {{pipeline}}'),
      ]),
    ],
  },
  {
    title: 'Triggers',
    panels: [
      lines('Ticks of schedules', 'Fired, skipped or missed, per second.', 'ops', [
        rare(rate('schedule_ticks_total', 'pipeline, schedule, result'), '{{pipeline}} {{schedule}} {{result}}'),
      ]),
      lines('Lateness of schedules', 'From a tick to its stored run.', 's', [
        rare(quantile(0.95, 'schedule_lag_seconds', ''), 'p95'),
      ]),
      lines('Webhooks', 'Requests by what became of them.', 'ops', [
        rare(rate('webhooks_total', 'result'), '{{result}}'),
      ]),
    ],
  },
  {
    title: 'Plugins',
    panels: [
      lines('Invocations by outcome', 'Ended invocations per second.', 'ops', [
        query(rate('invocations_total', 'outcome'), '{{outcome}}'),
      ]),
      lines('Retries', 'Invocations that are tried again, by plugin and cause.', 'ops', [
        rare(rate('retries_total', 'plugin, outcome'), '{{plugin}} {{outcome}}'),
      ]),
      lines('Requests to the host', 'State and artifacts, by what became of them.', 'ops', [
        rare(rate('host_requests_total', 'service, outcome'), '{{service}} {{outcome}}'),
      ]),
      lines('Duration of invocations', '95 of 100 are faster.', 's', [
        query(quantile(0.95, 'invocation_duration_seconds', 'plugin'), '{{plugin}}'),
      ]),
      lines('Where the time goes', 'Mean per phase.', 's', [
        query(
          `${rate('invocation_phase_seconds_sum', 'phase')} / ${rate('invocation_phase_seconds_count', 'phase')}`,
          '{{phase}}',
        ),
      ]),
      lines('CPU', 'Cores that plugins use.', 'short', [
        query(rate('plugin_cpu_seconds_total', 'plugin'), '{{plugin}}'),
      ]),
      lines('Memory peak', 'Of the latest invocation.', 'bytes', [
        query('max by (plugin) (gantry_plugin_memory_peak_bytes)', '{{plugin}}'),
      ]),
      lines('At a limit', 'Invocations that ended at a limit, and time held back at the CPU share.', 'ops', [
        query(rate('quota_breaches_total', 'plugin, limit'), '{{plugin}} {{limit}}'),
        rare(rate('cpu_throttled_seconds_total', 'plugin'), '{{plugin}} throttled'),
      ]),
      lines(
        'Reported by plugins',
        'The latest value of each metric that a plugin reports, and what was dropped.',
        'short',
        [
          rare('max by (plugin, name) (gantry_plugin_metric)', '{{plugin}} {{name}}'),
          rare(rate('plugin_metrics_dropped_total', 'plugin'), '{{plugin}} dropped'),
        ],
      ),
      lines('Log lines', 'Lines that plugins wrote.', 'ops', [query(rate('log_lines_total', 'level'), '{{level}}')]),
      lines('Builds', 'Mean duration by result.', 's', [
        rare(
          `${rate('build_duration_seconds_sum', 'result')} / ${rate('build_duration_seconds_count', 'result')}`,
          '{{result}}',
        ),
      ]),
      lines('In quarantine', 'Plugin versions that are left alone because they keep crashing.', 'short', [
        query('sum(gantry_plugins_quarantined)', 'plugins'),
      ]),
      lines('Refused plugins', 'Folders that were refused, by code.', 'ops', [
        rare(rate('plugins_refused_total', 'code'), '{{code}}'),
      ]),
      lines('Images', 'Plugin images on the engine; shared layers count for each.', 'bytes', [
        rare('sum(gantry_image_bytes)', 'size'),
      ]),
      lines('Images by number', 'Plugin images on the engine, and removals per second by reason.', 'short', [
        rare('sum(gantry_images)', 'images'),
        rare(rate('images_removed_total', 'reason'), 'removed {{reason}}'),
      ]),
    ],
  },
  {
    title: 'Sandboxes',
    panels: [
      lines('Sandboxes by state', 'Containers of this program.', 'short', [
        query('sum by (state) (gantry_sandboxes)', '{{state}}'),
      ]),
      lines('Start of a sandbox', 'From the wish to readiness.', 's', [
        query(quantile(0.5, 'sandbox_start_seconds', ''), 'p50'),
        query(quantile(0.95, 'sandbox_start_seconds', ''), 'p95'),
      ]),
      lines('How sandboxes were had', 'Reused (warm, forked), prestarted, or started on demand (cold).', 'ops', [
        query(rate('pool_hits_total', 'kind'), '{{kind}}'),
      ]),
      lines('Capacity held', 'Share of what sandboxes may hold together.', 'percentunit', [
        query('max by (resource) (gantry_capacity_used_ratio)', '{{resource}}'),
      ]),
      lines('Pressure of the host', 'Share of time in which some process had to wait.', 'percentunit', [
        query('max by (resource) (gantry_host_pressure_ratio)', '{{resource}}'),
      ]),
      lines('Orphans removed', 'Containers of an earlier life.', 'ops', [
        query('sum(rate(gantry_orphans_reaped_total[$__rate_interval]))', 'removed'),
      ]),
    ],
  },
  {
    title: 'Engine, store, program',
    panels: [
      lines('Requests to the engine', '95 of 100 are faster.', 's', [
        query(quantile(0.95, 'engine_request_seconds', 'op'), '{{op}}'),
      ]),
      lines('The engine away', 'Share of the time, by program.', 'percentunit', [
        query('rate(gantry_engine_away_seconds_total[$__rate_interval])', '{{instance}}'),
      ]),
      lines('Workers', 'Alive, and those that stopped without a word in the last hour.', 'short', [
        query('max by (state) (gantry_workers)', '{{state}}'),
      ]),
      lines('Answers of the engine', 'By HTTP status or kind of failure.', 'ops', [
        query(rate('engine_request_seconds_count', 'code'), '{{code}}'),
      ]),
      lines('Operations of the store', '95 of 100 are faster.', 's', [
        query(quantile(0.95, 'store_op_seconds', 'op'), '{{op}}'),
      ]),
      lines('Troubles of the store', 'Failed operations; writes of a former holder that changed nothing.', 'ops', [
        rare(rate('store_op_failures_total', 'op'), '{{op}} failed'),
        rare(rate('stale_writes_total', 'op'), '{{op}} stale'),
      ]),
      lines('Old records', 'Removed per second by kind, and the age of the last whole sweep.', 'short', [
        rare(rate('records_removed_total', 'kind'), '{{kind}}'),
        rare('time() - max(gantry_records_swept_timestamp_seconds)', 'seconds since the sweep'),
      ]),
      lines('The program', 'CPU cores, and the busy share of its event loop.', 'short', [
        query('sum(rate(gantry_process_cpu_seconds_total[$__rate_interval]))', 'cpu'),
        query('max(gantry_event_loop_used_ratio)', 'event loop'),
      ]),
      lines('Memory of the program', 'Resident memory.', 'bytes', [
        query('sum(gantry_process_memory_bytes)', 'resident'),
      ]),
    ],
  },
];
