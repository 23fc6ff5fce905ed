// Versions of plugins that need not serve any more: for runs that were asked to use them in place of the current ones.
import type { PluginVersion } from '../plugin.ts';

export interface ChosenVersion extends Disposable {
  readonly version: PluginVersion;
}

interface Options {
  readonly signal: AbortSignal;
}

export interface PluginVersions {
  /**
   * The newest version that the text names: a semver, or that with the beginning of the content hash (`1.2.0+0123456789ab`). Its image is
   * not removed until the choice is disposed of; whoever needs it longer has an open run by then that names it.
   * @throws GantryError PLUGIN_NOT_FOUND, PLUGIN_VERSION_NOT_FOUND, PLUGIN_VERSION_REMOVED, IMAGE_UNSAFE, CONFIG_INVALID, ENGINE_*, STORE_*
   */
  choose(plugin: string, version: string, options: Options): Promise<ChosenVersion>;
  /** The version with this id. @throws GantryError as `choose` */
  find(id: string, options: Options): Promise<PluginVersion>;
}
