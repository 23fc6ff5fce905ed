// The catalog of a worker: it builds what it finds in the folder.
import { BuildLog } from './build-log.ts';
import type { CatalogOptions } from './catalog-options.ts';
import { SdkFiles } from './image/sdk-files.ts';
import { PluginBuilder, type BuilderOptions } from './plugin-builder.ts';
import { Plugins } from './plugins.ts';

export interface PluginsOptions extends CatalogOptions, Omit<BuilderOptions, 'sdk' | 'log'> {
  /** absolute path of docker/runtimes */
  readonly sdkFolder: string;
}

export function buildingPlugins(options: PluginsOptions): Plugins {
  const log = new BuildLog();
  return new Plugins(options, new PluginBuilder({ ...options, sdk: new SdkFiles(options.sdkFolder), log }), log);
}
