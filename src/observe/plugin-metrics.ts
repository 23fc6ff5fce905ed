// What plugins report of themselves as one gauge. Names come from outside, so a plugin has at most so many; its labels never become labels
// here: they stand in the record of the invocation.
import type { Invocation } from '../core/invocation.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import { METRICS } from './metric-definitions.ts';

/** Names of one plugin that are shown; those that come later are dropped and counted. */
export const OWN_METRICS_MAX = 20;

export class PluginMetrics {
  readonly #metrics: Metrics;
  readonly #names = new Map<string, Set<string>>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** @param plugin a registered one: strangers share a label and would mix */
  record({ reported }: Invocation, plugin: string): void {
    if (reported === null) return;
    const sums = new Map<string, number>();
    for (const { name, value } of reported.metrics) sums.set(name, (sums.get(name) ?? 0) + value);
    let dropped = reported.droppedMetrics;
    for (const [name, value] of sums) {
      if (this.#mayShow(plugin, name)) this.#metrics.set(METRICS.pluginMetric, { plugin, name }, value);
      else dropped += 1;
    }
    if (dropped > 0) this.#metrics.add(METRICS.pluginMetricsDropped, { plugin }, dropped);
  }

  /** The plugin was removed. */
  forget(plugin: string): void {
    for (const name of this.#names.get(plugin) ?? []) this.#metrics.remove(METRICS.pluginMetric, { plugin, name });
    this.#names.delete(plugin);
  }

  #mayShow(plugin: string, name: string): boolean {
    const names = this.#names.get(plugin) ?? new Set();
    this.#names.set(plugin, names);
    if (!names.has(name) && names.size >= OWN_METRICS_MAX) return false;
    names.add(name);
    return true;
  }
}
