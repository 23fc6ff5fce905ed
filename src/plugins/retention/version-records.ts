// The stored versions beside the images: when each last served, and which of them has an image. Versions stay as history when their image
// goes. Written only where something differs, and a time of use at most once an hour.
import type { OwnImage } from '../../core/image-retention.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { PluginVersionChanges, PluginVersionRecord, Store } from '../../core/ports/store.ts';

export type VersionStore = Pick<Store, 'listPluginVersions' | 'updatePluginVersion' | 'listRuns'>;

/** How far the stored time of a last use may lie behind. */
const USE_STEP_MS = 3_600_000;

/** Every stored version of the plugins, by id. */
export async function readRecords(
  store: VersionStore,
  plugins: Iterable<string>,
  call: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>,
): Promise<ReadonlyMap<string, PluginVersionRecord>> {
  const records = new Map<string, PluginVersionRecord>();
  for (const plugin of new Set(plugins)) {
    const found = await call((signal) => store.listPluginVersions(plugin, { signal }));
    for (const record of found) records.set(record.id, record);
  }
  return records;
}

/** What a record must be changed by to say what is so; null: it says it. */
export function dueChanges(
  record: PluginVersionRecord,
  images: readonly OwnImage[],
  serving: readonly PluginVersion[],
  nowMs: number,
): PluginVersionChanges | null {
  const serves = serving.some(({ id }) => id === record.id);
  const own = images.filter(({ version }) => version === record.id);
  const hasImage = serves || own.some(({ tags }) => tags.length > 0);
  const lastUsedAtMs = serves ? nowMs : Math.max(0, ...own.map((image) => image.lastUsedAtMs));
  const changes: { lastUsedAtMs?: number; imageRemovedAtMs?: number | null } = {};
  if (lastUsedAtMs - (record.lastUsedAtMs ?? record.createdAtMs) >= USE_STEP_MS) changes.lastUsedAtMs = lastUsedAtMs;
  if (hasImage !== (record.imageRemovedAtMs === null)) changes.imageRemovedAtMs = hasImage ? null : nowMs;
  return Object.keys(changes).length === 0 ? null : changes;
}
