// Every metric Gantry has: name, help, closed label set. The dashboards, docs/operations.md and the tests read this table.
// Budget: at most 40 series per plugin that serves one hook (tested), so the buckets of the per-plugin histogram are few.
import type { MetricDefinition } from '../core/ports/metrics.ts';

const RUN_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const WAIT_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300];
const PLUGIN_BUCKETS = [0.05, 0.25, 1, 5, 15, 60, 300];
const PHASE_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];
const START_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const BUILD_BUCKETS = [0.5, 1, 5, 15, 30, 60, 120, 300, 600];
const CALL_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.25, 1, 5, 30];

function counter(name: string, help: string, labels: readonly string[] = []): MetricDefinition {
  return { name: `gantry_${name}`, help, kind: 'counter', labels };
}

function gauge(name: string, help: string, labels: readonly string[] = []): MetricDefinition {
  return { name: `gantry_${name}`, help, kind: 'gauge', labels };
}

function histogram(
  name: string,
  help: string,
  labels: readonly string[],
  buckets: readonly number[],
): MetricDefinition {
  return { name: `gantry_${name}`, help, kind: 'histogram', labels, buckets };
}

export const METRICS = {
  buildInfo: gauge('build_info', 'Always 1; the labels say what runs.', ['version', 'node']),

  runs: gauge('runs', 'Runs that have not ended, by state.', ['state']),
  runsWaiting: gauge(
    'runs_waiting',
    'Runs that wait, by what for: approval, run, retry (of more than 10,000 the newest), and engine: queued while it is away.',
    ['reason'],
  ),
  workers: gauge('workers', 'Workers on the store: alive, or dead (no beat in time, and one in the last hour).', [
    'state',
  ]),
  runsTotal: counter('runs_total', 'Runs that ended, by pipeline and final state.', ['pipeline', 'outcome']),
  runDuration: histogram(
    'run_duration_seconds',
    'From the first claim of a run to its end.',
    ['pipeline'],
    RUN_BUCKETS,
  ),
  runQueueWait: histogram(
    'run_queue_wait_seconds',
    'From the acceptance of a run to its start; counted at its end.',
    ['pipeline'],
    WAIT_BUCKETS,
  ),
  runsRefused: counter('runs_refused_total', 'Triggers that were refused, by error code.', ['pipeline', 'code']),
  runsRecovered: counter('runs_recovered_total', 'Runs of a lost worker that were taken up or settled.', ['pipeline']),
  scheduleTicks: counter('schedule_ticks_total', 'Ticks of schedules by what became of them: fired, skipped, missed.', [
    'pipeline',
    'schedule',
    'result',
  ]),
  scheduleLag: histogram('schedule_lag_seconds', 'From a tick of a schedule to its stored run.', [], WAIT_BUCKETS),
  webhooks: counter('webhooks_total', 'Requests to webhooks by what became of them: accepted, repeated, or why not.', [
    'result',
  ]),
  lastSuccess: gauge('last_success_timestamp_seconds', 'When a run of the pipeline last succeeded.', ['pipeline']),

  invocationsTotal: counter('invocations_total', 'Invocations that ended, by outcome.', ['plugin', 'hook', 'outcome']),
  retries: counter('retries_total', 'Invocations that are tried again, by the outcome that is the cause.', [
    'plugin',
    'outcome',
  ]),
  hostRequests: counter('host_requests_total', 'Requests of plugins to the host: ok, or why they were refused.', [
    'service',
    'outcome',
  ]),
  invocationDuration: histogram(
    'invocation_duration_seconds',
    'From the start of an invocation to its settled end.',
    ['plugin', 'hook'],
    PLUGIN_BUCKETS,
  ),
  invocationPhase: histogram(
    'invocation_phase_seconds',
    'Where the time of invocations goes: sandbox_wait, send, run, receive.',
    ['phase'],
    PHASE_BUCKETS,
  ),
  pluginMemoryPeak: gauge('plugin_memory_peak_bytes', 'Memory peak of the latest invocation.', ['plugin']),
  pluginCpuSeconds: counter('plugin_cpu_seconds_total', 'CPU time that invocations used.', ['plugin']),
  pluginMetric: gauge(
    'plugin_metric',
    'What plugins report: the latest value of each name, summed over its labels. At most 20 names per plugin.',
    ['plugin', 'name'],
  ),
  pluginMetricsDropped: counter(
    'plugin_metrics_dropped_total',
    'Reported values over the limits of an invocation or of a plugin.',
    ['plugin'],
  ),
  quotaBreaches: counter('quota_breaches_total', 'Invocations that ended at a limit.', ['plugin', 'limit']),
  cpuThrottledSeconds: counter(
    'cpu_throttled_seconds_total',
    'Time that invocations were held back at their CPU share.',
    ['plugin'],
  ),

  sandboxes: gauge('sandboxes', 'Sandboxes, by state.', ['state']),
  sandboxStart: histogram(
    'sandbox_start_seconds',
    'From the wish for a sandbox to its readiness.',
    ['isolation', 'transport'],
    START_BUCKETS,
  ),
  poolHits: counter(
    'pool_hits_total',
    'Sandboxes handed out: reused (warm, forked), prestarted, or started on demand (cold).',
    ['plugin', 'kind'],
  ),
  capacityUsed: gauge('capacity_used_ratio', 'Share of the capacity that sandboxes hold, 0 to 1.', ['resource']),
  hostPressure: gauge(
    'host_pressure_ratio',
    'Share of the last ten seconds in which some process had to wait for the resource.',
    ['resource'],
  ),
  orphansReaped: counter('orphans_reaped_total', 'Containers of an earlier life that were removed.'),

  plugins: gauge('plugins', 'Plugins that were registered and not removed since.'),
  pluginsQuarantined: gauge('plugins_quarantined', 'Plugin versions that are left alone because they keep crashing.'),
  pluginsRefused: counter('plugins_refused_total', 'Plugin folders that were refused, by error code.', ['code']),
  buildDuration: histogram('build_duration_seconds', 'Builds of plugin images.', ['result'], BUILD_BUCKETS),
  images: gauge('images', 'Plugin images of this instance on the engine, after the latest sweep.'),
  imageBytes: gauge('image_bytes', 'Their sizes together; layers that images share count for each.'),
  imagesRemoved: counter('images_removed_total', 'Images that were removed, by reason.', ['reason']),

  engineUp: gauge('engine_up', '1 while the container engine answers.'),
  engineAwaySeconds: counter('engine_away_seconds_total', 'Time in which the container engine was away.'),
  engineRequest: histogram('engine_request_seconds', 'Requests to the container engine.', ['op', 'code'], CALL_BUCKETS),
  storeUp: gauge('store_up', '1 while the store takes writes.'),
  storeOp: histogram('store_op_seconds', 'Operations of the store.', ['op'], CALL_BUCKETS),
  storeOpFailures: counter('store_op_failures_total', 'Operations of the store that failed.', ['op']),
  staleWrites: counter('stale_writes_total', 'Writes of a former holder of a run that changed nothing.', ['op']),

  recordsRemoved: counter(
    'records_removed_total',
    'Old records that were removed from the store: run, document (with its run), log_line, artifact (of a run that stays), pipeline_version, plugin_version.',
    ['kind'],
  ),
  recordsSwept: gauge('records_swept_timestamp_seconds', 'When the store was last swept for old records to the end.'),

  logLines: counter('log_lines_total', 'Lines that plugins logged.', ['level']),
  processMemory: gauge('process_memory_bytes', 'Resident memory of the program.'),
  processCpuSeconds: counter('process_cpu_seconds_total', 'CPU time of the program.'),
  eventLoopUsed: gauge(
    'event_loop_used_ratio',
    'Share of the time since the last scrape that the event loop was busy.',
  ),
} as const satisfies Record<string, MetricDefinition>;

/** Stands in for the names of plugins, hooks and pipelines that are not known, so that nobody outside can make series. */
export const OTHER = 'other';
