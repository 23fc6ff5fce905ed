// What the catalog of plugins is made with, whoever makes the versions that it serves: a builder here, or workers elsewhere.
import type { PluginVersion } from '../core/plugin.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { PipelineHooks } from './check-hooks.ts';
import type { LoadedFolder, LoadOptions } from './load-folder.ts';
import type { BuilderOptions } from './plugin-builder.ts';
import type { PluginClaims } from './retention/plugin-claims.ts';
import type { SelfDescriptions } from './self-descriptions.ts';

/** What makes a version of a folder that was read. */
export interface VersionSource {
  /** @throws GantryError, with `problems` where there are several */
  build(loaded: LoadedFolder, shown: string, signal: AbortSignal): Promise<PluginVersion>;
}

export interface CatalogOptions
  extends Pick<BuilderOptions, 'clock' | 'events'>, Pick<LoadOptions, 'policy' | 'settingsFolder' | 'expressions'> {
  /** absolute path of the folder with one folder per plugin */
  readonly folder: string;
  /** folder that problems name paths from; usually the repository */
  readonly root: string;
  readonly scanIntervalMs: number;
  readonly pipelines: readonly PipelineHooks[];
  readonly logger: Logger;
  /** who removes images asks them; without it nobody does */
  readonly claims?: PluginClaims;
  /** without it, versions are asked anew what they are */
  readonly descriptions?: SelfDescriptions;
  /** where others make the versions: how often is looked at what they made last */
  readonly lookAgainMs?: number;
}
