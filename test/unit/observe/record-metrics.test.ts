// Events become numbers; names from outside never become series; the budget per plugin holds.
import { beforeEach, describe, expect, it } from 'vitest';
import { PrometheusMetrics } from '../../../src/adapters/prometheus/prometheus-metrics.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import { SANDBOX_KINDS } from '../../../src/core/invocation.ts';
import type { LimitName } from '../../../src/core/limits.ts';
import { OUTCOME_CODES, type Outcome } from '../../../src/core/outcome.ts';
import type { QuarantineState } from '../../../src/core/quarantine.ts';
import { TRANSPORTS } from '../../../src/core/sandbox.ts';
import { METRICS } from '../../../src/observe/metric-definitions.ts';
import { OWN_METRICS_MAX } from '../../../src/observe/plugin-metrics.ts';
import { MetricsRecorder } from '../../../src/observe/record-metrics.ts';
import { buildInvocation, buildRun, newRunId } from '../../support/store/build-records.ts';

const PHASES = { sandboxWaitMs: 10, sendMs: 1, runMs: 200, receiveMs: null };
const USAGE = { memoryPeakBytes: 1024, cpuTimeMs: 250, outputBytes: 1, logsBytes: 0 };
const ids = new SystemIds();

let metrics: PrometheusMetrics;
let recorder: MetricsRecorder;
beforeEach(() => {
  metrics = new PrometheusMetrics(Object.values(METRICS));
  recorder = new MetricsRecorder({ metrics, pipelines: ['default'], hooks: ['fetch'] });
  recorder.record({ kind: 'pluginRegistered', plugin: 'sample', version: 'sample@1.0.0+0' });
});

async function series(): Promise<string[]> {
  const { body } = await metrics.page();
  return body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function finished(changes: Parameters<typeof buildInvocation>[1] = {}): DomainEvent {
  const invocation = buildInvocation(newRunId(), {
    state: 'succeeded',
    outcome: { code: 'ok', message: '' },
    startedAtMs: 1_000,
    finishedAtMs: 1_250,
    phases: PHASES,
    usage: USAGE,
    ...changes,
  });
  return { kind: 'invocationFinished', invocation };
}

it('counts the starts of sandboxes by the transport that they got', async () => {
  for (const transport of TRANSPORTS)
    recorder.record({ kind: 'sandboxStarted', plugin: 'sample', transport, durationMs: 300 });
  const page = await series();
  for (const transport of TRANSPORTS)
    expect(page).toContain(`gantry_sandbox_start_seconds_count{isolation="standard",transport="${transport}"} 1`);
});

describe('runs', () => {
  it('are counted by pipeline and final state, with their duration', async () => {
    recorder.record({
      kind: 'runFinished',
      run: buildRun({ state: 'succeeded', startedAtMs: 2_000, finishedAtMs: 3_500 }),
    });
    const page = await series();
    expect(page).toContain('gantry_runs_total{pipeline="default",outcome="succeeded"} 1');
    expect(page).toContain('gantry_run_duration_seconds_sum{pipeline="default"} 1.5');
    expect(page).toContain('gantry_last_success_timestamp_seconds{pipeline="default"} 3.5');
  });

  it('of unknown pipelines are counted as other', async () => {
    for (const pipeline of ['made_up_1', 'made_up_2'])
      recorder.record({ kind: 'runRefused', pipeline, trigger: 'api', code: 'PIPELINE_NOT_FOUND' });
    expect(await series()).toContain('gantry_runs_refused_total{pipeline="other",code="PIPELINE_NOT_FOUND"} 2');
  });

  it('count their wait for a start once, and none when they never started', async () => {
    recorder.record({ kind: 'runFinished', run: buildRun({ state: 'cancelled', finishedAtMs: 3_000 }) });
    const run = buildRun({ state: 'failed', createdAtMs: 1_000, startedAtMs: 1_500, finishedAtMs: 3_000, epoch: 2 });
    recorder.record({ kind: 'runFinished', run });
    const page = await series();
    expect(page).toContain('gantry_run_queue_wait_seconds_count{pipeline="default"} 1');
    expect(page).toContain('gantry_run_queue_wait_seconds_sum{pipeline="default"} 0.5');
  });

  it('count a clock that jumped back as no time', async () => {
    recorder.record({
      kind: 'runFinished',
      run: buildRun({ state: 'failed', startedAtMs: 3_000, finishedAtMs: 2_000 }),
    });
    expect(await series()).toContain('gantry_run_duration_seconds_sum{pipeline="default"} 0');
  });
});

describe('invocations', () => {
  it('are counted by plugin, hook and outcome, with phases and use', async () => {
    recorder.record(finished());
    const page = await series();
    expect(page).toContain('gantry_invocations_total{plugin="sample",hook="fetch",outcome="ok"} 1');
    expect(page).toContain('gantry_invocation_phase_seconds_sum{phase="run"} 0.2');
    expect(page).toContain('gantry_plugin_cpu_seconds_total{plugin="sample"} 0.25');
    expect(page).toContain('gantry_plugin_memory_peak_bytes{plugin="sample"} 1024');
    expect(page.some((line) => line.includes('phase="receive"'))).toBe(false);
  });

  it('of a plugin that is not registered are counted as other', async () => {
    recorder.record(finished({ plugin: 'stranger', hook: 'strange' }));
    expect(await series()).toContain('gantry_invocations_total{plugin="other",hook="other",outcome="ok"} 1');
  });

  it('make at most 40 series for a plugin that serves one hook and ends in every way', async () => {
    const empty = (await series()).length;
    for (const code of OUTCOME_CODES)
      recorder.record(finished({ outcome: { code, message: '' } as unknown as Outcome }));
    for (const sandboxKind of SANDBOX_KINDS) recorder.record({ kind: 'sandboxTaken', plugin: 'sample', sandboxKind });
    for (const limit of ['memoryBytes', 'cpuTimeMs', 'timeoutMs', 'outputBytes'] satisfies LimitName[])
      recorder.record({ kind: 'quotaBreached', plugin: 'sample', limit });
    recorder.record({ kind: 'cpuThrottled', plugin: 'sample', throttledMs: 5 });
    const ofPlugin = (await series()).filter((line) => line.includes('plugin="sample"'));
    expect(empty).toBeLessThan(1_000);
    expect(ofPlugin.length).toBeGreaterThan(25);
    expect(ofPlugin.length).toBeLessThanOrEqual(40);
  });
});

describe('retries and requests to the host', () => {
  it('are counted by plugin and outcome, one series more for each outcome that is tried again', async () => {
    const crash = { code: 'crash', message: '', exitCode: 1, signal: null } as const;
    recorder.record(finished({ outcome: crash, retryAtMs: 5_000 }));
    recorder.record(finished({ outcome: crash, retryAtMs: 9_000 }));
    recorder.record(finished({ outcome: crash, retryAtMs: null }));
    recorder.record({ kind: 'hostRequestAnswered', service: 'state', result: 'ok' });
    recorder.record({ kind: 'hostRequestAnswered', service: 'artifact', result: 'FULL' });
    const page = await series();
    expect(page).toContain('gantry_retries_total{plugin="sample",outcome="crash"} 2');
    expect(page).toContain('gantry_host_requests_total{service="state",outcome="ok"} 1');
    expect(page).toContain('gantry_host_requests_total{service="artifact",outcome="FULL"} 1');
  });
});

describe('what plugins report', () => {
  const reported = (names: readonly string[], changes: Parameters<typeof buildInvocation>[1] = {}): DomainEvent => {
    const metrics = names.map((name, index) => ({ name, value: index + 1, labels: { of: String(index) } }));
    return finished({ reported: { progress: null, metrics, droppedMetrics: 0 }, ...changes });
  };

  it('is one gauge by plugin and name: the latest value, summed over its labels', async () => {
    recorder.record(reported(['rows']));
    recorder.record(reported(['rows', 'rows', 'pages']));
    const page = await series();
    expect(page).toContain('gantry_plugin_metric{plugin="sample",name="rows"} 3');
    expect(page).toContain('gantry_plugin_metric{plugin="sample",name="pages"} 3');
    recorder.record({ kind: 'pluginRemoved', plugin: 'sample' });
    expect((await series()).filter((line) => line.startsWith('gantry_plugin_metric{'))).toEqual([]);
  });

  it('makes at most 20 series per plugin, and none for a stranger', async () => {
    recorder.record(reported(Array.from({ length: 30 }, (_, index) => `name_${index}`)));
    recorder.record(reported(['more'], { plugin: 'stranger' }));
    const page = await series();
    expect(page.filter((line) => line.startsWith('gantry_plugin_metric{'))).toHaveLength(OWN_METRICS_MAX);
    expect(page).toContain('gantry_plugin_metrics_dropped_total{plugin="sample"} 10');
  });
});

describe('sandboxes', () => {
  it('are where their last move brought them, and gone ones are nowhere', async () => {
    const sandboxId = ids.newId('sbx');
    const move = (
      from: 'creating' | 'starting' | 'idle' | 'stopping' | null,
      to: 'creating' | 'starting' | 'idle' | 'stopping' | 'gone',
    ) => {
      recorder.record({ kind: 'sandboxMoved', sandboxId, plugin: 'sample', from, to, reason: 'test' });
    };
    move(null, 'creating');
    move('creating', 'starting');
    move('starting', 'idle');
    expect(await series()).toContain('gantry_sandboxes{state="idle"} 1');
    move('idle', 'stopping');
    move('stopping', 'gone');
    const page = await series();
    for (const state of ['creating', 'starting', 'idle', 'busy', 'stopping'])
      expect(page).toContain(`gantry_sandboxes{state="${state}"} 0`);
    expect(page.some((line) => line.includes('state="gone"'))).toBe(false);
  });
});

describe('the platform', () => {
  it('shows the pressure that can be read, and no series for the rest', async () => {
    recorder.record({ kind: 'pressureMeasured', cpu: 0.5, memory: null, io: 0, state: 'free' });
    recorder.record({ kind: 'pressureChanged', from: 'free', to: 'slowed', resource: 'cpu', ratio: 0.5 });
    const shown = (await series()).filter((line) => line.startsWith('gantry_host_pressure_ratio'));
    expect(shown).toEqual([
      'gantry_host_pressure_ratio{resource="cpu"} 0.5',
      'gantry_host_pressure_ratio{resource="io"} 0',
    ]);
  });

  it('counts plugin versions that are left alone, probed ones too', async () => {
    const move = (version: string, from: QuarantineState, to: QuarantineState): void => {
      recorder.record({ kind: 'quarantineMoved', plugin: 'sample', version, from, to, cause: '', untilMs: null });
    };
    expect(await series()).toContain('gantry_plugins_quarantined 0');
    move('a', 'closed', 'open');
    move('b', 'closed', 'open');
    move('b', 'open', 'half_open');
    expect(await series()).toContain('gantry_plugins_quarantined 2');
    move('b', 'half_open', 'open');
    move('a', 'open', 'closed');
    expect(await series()).toContain('gantry_plugins_quarantined 1');
  });

  it('is told by up gauges, operations and failures', async () => {
    recorder.record({ kind: 'engineLost', message: 'gone' });
    recorder.record({ kind: 'engineRequestFinished', operation: 'create', result: '201', durationMs: 120 });
    recorder.record({ kind: 'storeOperationFinished', operation: 'insertRun', isSuccessful: false, durationMs: 4 });
    const page = await series();
    expect(page).toContain('gantry_engine_up 0');
    expect(page).toContain('gantry_engine_request_seconds_sum{op="create",code="201"} 0.12');
    expect(page).toContain('gantry_store_op_failures_total{op="insertRun"} 1');
  });

  it('forgets the memory of a plugin that was removed', async () => {
    recorder.record(finished());
    recorder.record({ kind: 'pluginRemoved', plugin: 'sample' });
    const page = await series();
    expect(page.some((line) => line.startsWith('gantry_plugin_memory_peak_bytes'))).toBe(false);
    expect(page).toContain('gantry_plugins 0');
  });
});

it('counts removed images by reason, and holds the latest number and size', async () => {
  const image = { imageId: 'sha256:1', plugin: 'sample', version: 'sample@1.0.0+0', sizeBytes: 10 };
  recorder.record({ kind: 'imageRemoved', ...image, reason: 'old' });
  recorder.record({ kind: 'imageRemoved', ...image, plugin: null, version: null, reason: 'untagged' });
  recorder.record({ kind: 'imagesCounted', count: 3, sizeBytes: 300 });
  recorder.record({ kind: 'imagesCounted', count: 2, sizeBytes: 200 });
  const page = await series();
  expect(page).toContain('gantry_images_removed_total{reason="old"} 1');
  expect(page).toContain('gantry_images_removed_total{reason="untagged"} 1');
  expect(page).toContain('gantry_images 2');
  expect(page).toContain('gantry_image_bytes 200');
});

it('counts removed records by kind, and holds when a sweep came to its end', async () => {
  const versions = { pipelineVersions: 1, pluginVersions: 0 };
  const swept = { runs: 2, documents: 20, logLines: 3, artifacts: 4, ...versions, durationMs: 5 };
  recorder.record({ kind: 'recordsRemoved', ...swept, isComplete: true, atMs: 5_000 });
  recorder.record({ kind: 'recordsRemoved', ...swept, isComplete: false, atMs: 9_000 });
  const page = await series();
  for (const [kind, count] of Object.entries({ run: 4, log_line: 6, artifact: 8 }))
    expect(page).toContain(`gantry_records_removed_total{kind="${kind}"} ${String(count)}`);
  expect(page).toContain('gantry_records_swept_timestamp_seconds 5');
});
