// The page of metrics, whatever is held until it is asked for.
import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { PrometheusMetrics } from '../../../src/adapters/prometheus/prometheus-metrics.ts';
import type { MetricDefinition } from '../../../src/core/ports/metrics.ts';

const LABELLED: MetricDefinition = {
  name: 'gantry_a_seconds',
  help: 'of plugins, "quoted"',
  kind: 'histogram',
  labels: ['plugin', 'hook'],
  buckets: [0.1, 1, 5],
};
const BARE: MetricDefinition = { ...LABELLED, name: 'gantry_b_seconds', labels: [] };

describe('PrometheusMetrics', () => {
  it('writes histograms as prom-client does, before and after observations', async () => {
    const metrics = new PrometheusMetrics([LABELLED, BARE]);
    const registry = new Registry();
    const [labelled, bare] = [LABELLED, BARE].map(
      ({ name, help, labels, buckets = [] }) =>
        new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] }),
    );
    expect((await metrics.page()).body).toBe(await registry.metrics());
    for (const value of [0, 0.1, 0.11, 1, 4.5, 5, 5.1, 900]) {
      for (const plugin of ['one', 'tw"o\n']) {
        metrics.observe(LABELLED, { plugin, hook: 'fetch' }, value);
        labelled?.observe({ plugin, hook: 'fetch' }, value);
      }
      metrics.observe(BARE, {}, value);
      bare?.observe(value);
    }
    expect((await metrics.page()).body).toBe(await registry.metrics());
    metrics.remove(LABELLED, { plugin: 'one', hook: 'fetch' });
    labelled?.remove({ plugin: 'one', hook: 'fetch' });
    const { body } = await metrics.page();
    expect(body).toBe(await registry.metrics());
    expect(body).not.toContain('plugin="one"');
  });

  it('refuses labels that a histogram does not have, and drops what is no number', async () => {
    const metrics = new PrometheusMetrics([LABELLED, BARE]);
    expect(() => {
      metrics.observe(LABELLED, { plugin: 'one', sandbox: 'two' }, 1);
    }).toThrow('gantry_a_seconds has no label sandbox');
    metrics.observe(BARE, {}, Number.NaN);
    expect((await metrics.page()).body).toContain('gantry_b_seconds_count 0');
  });
});
