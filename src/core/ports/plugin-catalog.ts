// hook × pipeline → plugin versions. A snapshot never changes, so a run in flight keeps the versions it started with.
import type { PluginStatus, PluginVersion } from '../plugin.ts';

export interface CatalogSnapshot {
  /** The versions that serve the hook of the pipeline, ascending by (order, name). */
  pluginsFor(pipeline: string, hook: string): readonly PluginVersion[];
}

export interface PluginCatalog {
  snapshot(): CatalogSnapshot;
  /** Every plugin folder with its state, ascending by name. */
  statuses(): readonly PluginStatus[];
  /**
   * Settles when no build is under way: nothing is waited for when all is built.
   * @throws the signal's reason
   */
  settled(signal: AbortSignal): Promise<void>;
}
