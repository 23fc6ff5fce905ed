// The metrics page as a scraper gets it, judged by promtool.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureTestTools } from '../../../docker/setup/ensure-test-tools.mjs';
import { PrometheusMetrics } from '../../../src/adapters/prometheus/prometheus-metrics.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { createProgramUsage } from '../../../src/adapters/system/program-usage.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { EngineOutage } from '../../../src/observe/engine-outage.ts';
import { HealthMonitor } from '../../../src/observe/health-monitor.ts';
import { METRICS } from '../../../src/observe/metric-definitions.ts';
import { ProgramGauges } from '../../../src/observe/program-gauges.ts';
import { MetricsRecorder } from '../../../src/observe/record-metrics.ts';
import { createMetricsWeb } from '../../../src/web/health/metrics-web.ts';
import { buildInvocation, buildRun, newRunId, newWorkerId, patient } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';
import { CollectingLogger } from '../../support/web/collecting-logger.ts';

const clock = new SystemClock();
const metrics = new PrometheusMetrics(Object.values(METRICS));
const store = new MemoryStore();
const monitor = new HealthMonitor(
  [
    { name: 'store', isRequired: true, check: (signal) => store.ping({ signal }).then(() => 'memory') },
    { name: 'engine', isRequired: true, check: () => Promise.reject(new Error('no socket')) },
  ],
  clock,
);
const outage = new EngineOutage(clock);
const health = () => monitor.health();
const gauges = new ProgramGauges({
  metrics,
  store,
  clock,
  health,
  outage,
  deadAfterMs: 15_000,
  usage: createProgramUsage(),
  version: '0.1.0',
  nodeVersion: process.version,
});
const web = createMetricsWeb(
  { metricsPage: () => gauges.page(), health, clock, logger: new CollectingLogger() },
  { host: '127.0.0.1', port: 0 },
);
let url = '';

beforeAll(async () => {
  url = (await web.listen()).url;
  const recorder = new MetricsRecorder({ metrics, pipelines: ['default'], hooks: ['fetch'] });
  recorder.record({ kind: 'pluginRegistered', plugin: 'sample', version: 'sample@1.0.0+0' });
  recorder.record({ kind: 'runFinished', run: buildRun({ state: 'succeeded', startedAtMs: 1, finishedAtMs: 2 }) });
  const outcome = { code: 'ok', message: '' } as const;
  recorder.record({
    kind: 'invocationFinished',
    invocation: buildInvocation(newRunId(), { outcome, finishedAtMs: 1_100 }),
  });
  recorder.record({ kind: 'engineRequestFinished', operation: 'create', result: '201', durationMs: 12 });
});
afterAll(async () => {
  await web.close();
});

describe('the metrics listener', () => {
  it('serves a page that promtool finds nothing to say about', async () => {
    const { promtool } = await ensureTestTools();
    const page = await (await fetch(`${url}/metrics`)).text();
    const { stdout, stderr, status } = spawnSync(promtool, ['check', 'metrics'], { input: page, encoding: 'utf8' });
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  });

  it('has every defined metric, also those without a series yet', async () => {
    const page = await (await fetch(`${url}/metrics`)).text();
    for (const { name, kind } of Object.values(METRICS)) expect(page).toContain(`# TYPE ${name} ${kind}`);
  });

  it('counts open runs and says what is up at the time of the scrape', async () => {
    await store.insertRun(buildRun(), patient());
    const page = await (await fetch(`${url}/metrics`)).text();
    expect(page).toContain('gantry_runs{state="queued"} 1');
    expect(page).toContain('gantry_store_up 1');
    expect(page).toContain('gantry_engine_up 0');
    expect(page).toMatch(/gantry_process_memory_bytes \d{6,}/);
  });

  it('says what runs wait for, which workers live, and how long the engine was away', async () => {
    const wait = {
      hook: 'ask',
      state: 'waiting',
      startedAtMs: 1,
      finishedAtMs: null,
      wait: { untilMs: null },
    } as const;
    const approval = { askedAtMs: 1, timeoutAtMs: 2, decided: null };
    // More than the store gives at once.
    for (let count = 0; count < 401; count += 1)
      await store.insertRun(buildRun({ state: 'waiting', hooks: [{ ...wait, approval }] }), patient());
    await store.insertRun(buildRun({ state: 'waiting', hooks: [wait, { ...wait, child: newRunId() }] }), patient());
    for (const silentMs of [0, 60_000, 7_200_000])
      await store.putWorker({ id: newWorkerId(), startedAtMs: 1, beatAtMs: clock.nowMs() - silentMs }, patient());
    outage.record({ kind: 'engineLost', message: 'gone' });
    const page = await (await fetch(`${url}/metrics`)).text();
    for (const [reason, count] of Object.entries({ approval: 401, run: 1, retry: 1, engine: 1 }))
      expect(page).toContain(`gantry_runs_waiting{reason="${reason}"} ${count}`);
    expect(page).toContain('gantry_workers{state="alive"} 1');
    expect(page).toContain('gantry_workers{state="dead"} 1');
    expect(Number(/^gantry_engine_away_seconds_total (\S+)/m.exec(page)?.[1])).toBeGreaterThan(0);
    outage.record({ kind: 'engineFound' });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('gantry_runs_waiting{reason="engine"} 0');
  });

  it('answers while the store does not', async () => {
    store.failNext('countRuns', new GantryError('STORE_UNAVAILABLE', 'down'));
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });

  it('answers health, and nothing else', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/api/v1/runs`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
  });
});
