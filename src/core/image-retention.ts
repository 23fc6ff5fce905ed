// What becomes of the images that were built here: the verdict on each, with its reason, as API, CLI, metrics and logs tell it.

/** old: replaced and unused for long; orphaned: of a plugin whose folder is gone; untagged: left by a build; disk: the disk is nearly full. */
export const REMOVAL_REASONS = ['old', 'orphaned', 'untagged', 'disk'] as const;
export type RemovalReason = (typeof REMOVAL_REASONS)[number];

/**
 * serving: of the catalog; building: its plugin is built right now; fresh: just made; in_run: a run may have begun with it; in_use: a
 * container or another image needs it; newest: of the newest versions of its plugin; recent: used not long ago; unknown: not of a plugin;
 * room: enough of the disk is free again; failed: the engine could not remove it.
 */
export type KeepReason =
  'serving' | 'building' | 'fresh' | 'in_run' | 'in_use' | 'newest' | 'recent' | 'unknown' | 'room' | 'failed';

/** An image with this instance's label. */
export interface OwnImage {
  readonly id: string;
  readonly tags: readonly string[];
  /** null: the image is none of a plugin */
  readonly plugin: string | null;
  /** id of the plugin version; null as above */
  readonly version: string | null;
  /** with the layers that it shares with other images */
  readonly sizeBytes: number;
  /** of the layers that no other image has; null where the engine does not say it */
  readonly ownBytes: number | null;
  readonly createdAtMs: number;
  /** when the version last served, at least when it was made */
  readonly lastUsedAtMs: number;
}

export interface RemovedImage extends OwnImage {
  readonly reason: RemovalReason;
}

export interface KeptImage extends OwnImage {
  readonly reason: KeepReason;
}

export interface SweepReport {
  /** nothing was removed: `removed` is what would be */
  readonly isDryRun: boolean;
  readonly removed: readonly RemovedImage[];
  readonly kept: readonly KeptImage[];
  /** what the disk gains at least: layers that only the removed images had, each by itself; null where the engine does not say it */
  readonly freedBytes: number | null;
  /** free share of the file system with the engine's data, 0 to 1; null: it cannot be told from here */
  readonly diskFree: number | null;
}
