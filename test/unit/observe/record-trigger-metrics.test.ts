// What schedules and webhooks did, as the page of metrics shows it.
import { expect, it } from 'vitest';
import { PrometheusMetrics } from '../../../src/adapters/prometheus/prometheus-metrics.ts';
import { METRICS } from '../../../src/observe/metric-definitions.ts';
import { MetricsRecorder } from '../../../src/observe/record-metrics.ts';
import { newRunId } from '../../support/store/build-records.ts';

it('counts ticks of schedules and requests to webhooks by what became of them', async () => {
  const metrics = new PrometheusMetrics(Object.values(METRICS));
  const recorder = new MetricsRecorder({ metrics, pipelines: ['default'], hooks: [] });
  const named = { pipeline: 'default', schedule: 'nightly' };
  const runId = newRunId();
  recorder.record({ kind: 'scheduleFired', ...named, tickAtMs: 1_000, lateMs: 250, runId });
  recorder.record({ kind: 'scheduleSkipped', ...named, tickAtMs: 2_000, runId });
  recorder.record({ kind: 'scheduleMissed', ...named, count: 3, code: null });
  recorder.record({ kind: 'schedulePaused', ...named, by: 'api' });
  for (const result of ['accepted', 'signature', 'signature'])
    recorder.record({ kind: 'webhookReceived', pipeline: null, webhook: null, result });
  const page = (await metrics.page()).body;
  for (const [result, count] of Object.entries({ fired: 1, skipped: 1, missed: 3 }))
    expect(page).toContain(
      `gantry_schedule_ticks_total{pipeline="default",schedule="nightly",result="${result}"} ${String(count)}`,
    );
  expect(page).toContain('gantry_schedule_lag_seconds_sum 0.25');
  expect(page).toContain('gantry_webhooks_total{result="accepted"} 1');
  expect(page).toContain('gantry_webhooks_total{result="signature"} 2');
});
