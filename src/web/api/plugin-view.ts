// A plugin as JSON. Its settings are left out: operators put things there that do not belong into answers.
import type { JsonObject } from '../../core/json.ts';
import type { Limits } from '../../core/limits.ts';
import type {
  ImageSource,
  Lifecycle,
  PluginStatus,
  PluginVersion,
  PoolLimits,
  Problem,
  Reuse,
} from '../../core/plugin.ts';
import type { ConfigUi } from '../../core/self-description.ts';
import type { WebPorts } from '../ports.ts';

export interface PluginView {
  readonly name: string;
  readonly state: PluginStatus['state'];
  readonly folder: string;
  /** the version that serves; null when there is none */
  readonly version: PluginVersionView | null;
  readonly problems: readonly Problem[];
  /** what is doubtful of a version that serves nevertheless */
  readonly warnings: readonly Problem[];
  /** what the plugin says of itself; null: nothing (yet) */
  readonly metadata: JsonObject | null;
  /** its settings as a form: its own answer, else the manifest's schema without hints; null: neither */
  readonly configUi: ConfigUi | null;
  /** while the serving version is left alone because it kept crashing */
  readonly quarantine: { readonly until: string; readonly cause: string } | null;
}

export interface PluginVersionView {
  readonly id: string;
  readonly version: string;
  readonly description: string;
  readonly hooks: readonly string[];
  readonly pipelines: readonly string[];
  readonly tags: readonly string[];
  readonly order: number;
  readonly failHard: boolean;
  readonly idempotent: boolean;
  readonly protocol: string;
  readonly reuse: Reuse;
  readonly concurrency: number;
  readonly lifecycle: Lifecycle;
  /** host services that it may use */
  readonly services: readonly string[];
  readonly source: ImageSource;
  readonly limits: Limits;
  readonly pool: PoolLimits;
  /** names only */
  readonly secrets: readonly string[];
  readonly contentHash: string;
  readonly imageId: string;
  readonly imageTag: string;
}

export function pluginViews(ports: Pick<WebPorts, 'catalog' | 'status'>): readonly PluginView[] {
  return ports.catalog.statuses().map((status) => pluginView(ports, status));
}

export function pluginView(ports: Pick<WebPorts, 'status'>, status: PluginStatus): PluginView {
  const serving = servingOf(status);
  const left = ports.status().quarantined.find(({ version }) => version === serving?.id);
  return {
    name: status.name,
    state: status.state,
    folder: status.folder,
    version: versionView(serving),
    problems: status.state === 'failed' ? status.problems : [],
    warnings: status.state === 'ready' ? (status.warnings ?? []) : [],
    ...saidOf(status, serving),
    quarantine: left === undefined ? null : { until: new Date(left.untilMs).toISOString(), cause: left.cause },
  };
}

function saidOf(status: PluginStatus, serving: PluginVersion | null): Pick<PluginView, 'metadata' | 'configUi'> {
  const said = status.state === 'building' ? null : (status.said ?? null);
  const schema = serving?.plugin.configSchema ?? null;
  return {
    metadata: said?.metadata ?? null,
    configUi: said?.configUi ?? (schema === null ? null : { schema, hints: {} }),
  };
}

function servingOf(status: PluginStatus): PluginVersion | null {
  switch (status.state) {
    case 'ready':
      return status.version;
    case 'failed':
      return status.serving;
    case 'building':
      return null;
  }
}

function versionView(version: PluginVersion | null): PluginVersionView | null {
  if (version === null) return null;
  const { plugin } = version;
  return {
    id: version.id,
    version: plugin.version,
    description: plugin.description,
    hooks: plugin.hooks,
    pipelines: plugin.pipelines,
    tags: plugin.tags,
    order: plugin.order,
    failHard: plugin.failHard,
    idempotent: plugin.idempotent,
    protocol: plugin.protocol,
    reuse: plugin.reuse,
    concurrency: plugin.concurrency,
    lifecycle: plugin.lifecycle,
    services: plugin.services,
    source: plugin.source,
    limits: plugin.limits,
    pool: plugin.pool,
    secrets: plugin.secrets,
    contentHash: version.contentHash,
    imageId: version.imageId,
    imageTag: version.imageTag,
  };
}

export interface StoredVersionView {
  readonly id: string;
  readonly createdAt: string;
  readonly imageId: string;
  /** false: the image was removed; a folder that goes back to this version builds it again */
  readonly hasImage: boolean;
}

const VERSIONS_SHOWN = 50;

/** The newest versions that the plugin ever had, newest first. */
export async function storedVersions(
  { store }: Pick<WebPorts, 'store'>,
  { name, version }: Pick<PluginView, 'name' | 'version'>,
  signal: AbortSignal,
): Promise<readonly StoredVersionView[]> {
  const records = await store.listPluginVersions(name, { signal });
  return records.slice(0, VERSIONS_SHOWN).map((record) => {
    const isServing = record.id === version?.id;
    return {
      id: record.id,
      createdAt: new Date(record.createdAtMs).toISOString(),
      // A version that was built again kept its record.
      imageId: isServing ? version.imageId : record.imageId,
      hasImage: isServing || record.imageRemovedAtMs === null,
    };
  });
}
