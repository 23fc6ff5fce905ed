// When each image last served, to the millisecond since the start of the program, from what the catalog serves. What is older is in the
// store, to the hour: it is written by the sweeper, off the path of every invocation.
import type { PluginVersion } from '../../core/plugin.ts';

export class VersionUse {
  readonly #lastServedAtMs = new Map<string, number>();
  #serving: readonly PluginVersion[] = [];

  /** Call it at every change of the catalog, and before a look at the times. */
  observe(serving: readonly PluginVersion[], nowMs: number): void {
    for (const { imageId } of [...this.#serving, ...serving]) this.#lastServedAtMs.set(imageId, nowMs);
    this.#serving = serving;
  }

  /** 0: not since the start. */
  lastServedAtMs(imageId: string): number {
    return this.#lastServedAtMs.get(imageId) ?? 0;
  }

  forget(imageId: string): void {
    this.#lastServedAtMs.delete(imageId);
  }
}
