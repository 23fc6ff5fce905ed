// Pure: which of our images may go. The order of the rules is the order of their strength: what is needed now is asked first, what would be
// nice to keep last. The newest version of a plugin that has a folder stays whatever the rest says.
import type { KeepReason, KeptImage, OwnImage, RemovalReason, RemovedImage } from '../../core/image-retention.ts';

export interface RetentionRules {
  /** newest versions of each plugin that stay; at least 1 */
  readonly keepVersions: number;
  /** versions used within this time stay, also those of plugins whose folder is gone */
  readonly keepForMs: number;
  /** images younger than this may be in the making by another program and stay */
  readonly freshMs: number;
}

export interface RemovalInput {
  readonly images: readonly OwnImage[];
  /** names that have a folder, in whatever state */
  readonly plugins: ReadonlySet<string>;
  /** images of the versions that serve */
  readonly servingImages: ReadonlySet<string>;
  /** plugins that are built right now */
  readonly building: ReadonlySet<string>;
  /** versions with sandboxes */
  readonly sandboxVersions: ReadonlySet<string>;
  /** versions that runs which have not ended were asked to use */
  readonly askedVersions: ReadonlySet<string>;
  /** start of the oldest run under way: runs keep the versions they began with; null: none is */
  readonly oldestRunAtMs: number | null;
  readonly isDiskShort: boolean;
  readonly nowMs: number;
  readonly rules: RetentionRules;
}

export interface RemovalPlan {
  /** those for want of disk last, oldest use first */
  readonly remove: readonly RemovedImage[];
  readonly keep: readonly KeptImage[];
}

type Verdict = { readonly remove: RemovalReason } | { readonly keep: KeepReason };

export function planRemoval(input: RemovalInput): RemovalPlan {
  const rank = rankVersions(input.images);
  const remove: RemovedImage[] = [];
  const keep: KeptImage[] = [];
  const forDisk: RemovedImage[] = [];
  for (const image of input.images) {
    const verdict = judge(image, rank.get(image.id) ?? 0, input);
    if ('remove' in verdict) (verdict.remove === 'disk' ? forDisk : remove).push({ ...image, reason: verdict.remove });
    else keep.push({ ...image, reason: verdict.keep });
  }
  forDisk.sort((left, right) => left.lastUsedAtMs - right.lastUsedAtMs);
  return { remove: [...remove, ...forDisk], keep };
}

function judge(image: OwnImage, rank: number, input: RemovalInput): Verdict {
  const needed = whyNeeded(image, input);
  if (needed !== null) return { keep: needed };
  if (image.tags.length === 0) return { remove: 'untagged' };
  if (image.plugin === null) return { keep: 'unknown' };
  const hasFolder = input.plugins.has(image.plugin);
  if (hasFolder && rank === 0) return { keep: 'newest' };
  const wanted = whyWanted(image, hasFolder, rank, input);
  if (wanted !== null) return input.isDiskShort ? { remove: 'disk' } : { keep: wanted };
  return { remove: hasFolder ? 'old' : 'orphaned' };
}

/** What forbids the removal. */
function whyNeeded(image: OwnImage, input: RemovalInput): KeepReason | null {
  const { plugin, version, tags, lastUsedAtMs, createdAtMs } = image;
  const { oldestRunAtMs, nowMs, rules } = input;
  if (input.servingImages.has(image.id)) return 'serving';
  if (plugin !== null && input.building.has(plugin)) return 'building';
  if (nowMs - createdAtMs < rules.freshMs) return 'fresh';
  const isBegunWith = oldestRunAtMs !== null && lastUsedAtMs >= oldestRunAtMs;
  if (isBegunWith || includes(input.askedVersions, version)) return 'in_run';
  // An image that lost its tag to a later build has its version's id too: whether a container has it is for the engine to say.
  return tags.length > 0 && includes(input.sandboxVersions, version) ? 'in_use' : null;
}

function includes(versions: ReadonlySet<string>, version: string | null): boolean {
  return version !== null && versions.has(version);
}

/** What speaks against the removal as long as there is room. */
function whyWanted(image: OwnImage, hasFolder: boolean, rank: number, input: RemovalInput): KeepReason | null {
  const { rules, nowMs } = input;
  if (hasFolder && rank < rules.keepVersions) return 'newest';
  return nowMs - image.lastUsedAtMs < rules.keepForMs ? 'recent' : null;
}

/** Image → its place among the tagged images of its plugin, the newest being 0. */
function rankVersions(images: readonly OwnImage[]): ReadonlyMap<string, number> {
  const byPlugin = new Map<string, OwnImage[]>();
  for (const image of images) {
    if (image.plugin === null || image.tags.length === 0) continue;
    byPlugin.set(image.plugin, [...(byPlugin.get(image.plugin) ?? []), image]);
  }
  const rank = new Map<string, number>();
  for (const group of byPlugin.values()) {
    group.sort((left, right) => right.createdAtMs - left.createdAtMs || (left.id < right.id ? 1 : -1));
    for (const [place, { id }] of group.entries()) rank.set(id, place);
  }
  return rank;
}
