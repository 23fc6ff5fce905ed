// Removes images of old plugin versions: looks (the only place that lists images), plans, then removes one at a time, by id, never by force,
// with the reasons asked again just before each removal. One sweep at a time; off the path of every invocation.
import { raced, within } from '../../core/deadline.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { KeepReason, OwnImage, RemovedImage, SweepReport } from '../../core/image-retention.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import { askedVersions, isTerminal, RUN_STATES } from '../../core/run.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ContainerEngine, ImageFacts } from '../../core/ports/container-engine.ts';
import type { DiskSpace } from '../../core/ports/disk-space.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { PluginVersionRecord } from '../../core/ports/store.ts';
import { walkRuns } from '../../core/walk-runs.ts';
import { CONTENT_LABEL, INSTANCE_LABEL, PLUGIN_LABEL, VERSION_LABEL, versionId } from '../image/image-labels.ts';
import { planRemoval, type RemovalInput, type RemovalPlan, type RetentionRules } from './plan-removal.ts';
import type { PluginClaims } from './plugin-claims.ts';
import { dueChanges, readRecords, type VersionStore } from './version-records.ts';
import type { VersionUse } from './version-use.ts';

export interface SweeperOptions {
  readonly engine: Pick<ContainerEngine, 'facts' | 'listImages' | 'listContainers' | 'removeImage'>;
  readonly instanceId: string;
  readonly store: VersionStore;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly logger: Logger;
  /** null: the engine's disk is not this machine's */
  readonly disk: DiskSpace | null;
  readonly claims: PluginClaims;
  readonly use: VersionUse;
  /** the versions that serve now */
  readonly serving: () => readonly PluginVersion[];
  /** names of plugins that have a folder now */
  readonly plugins: () => ReadonlySet<string>;
  readonly rules: RetentionRules;
  /** free share of the engine's disk below which more goes */
  readonly diskFreeMin: number;
  /** of one request to the engine or the store */
  readonly callTimeoutMs: number;
}

export interface SweepRequest {
  /** only say what would go */
  readonly isDryRun: boolean;
}

interface Found {
  readonly images: readonly OwnImage[];
  readonly records: ReadonlyMap<string, PluginVersionRecord>;
  readonly plan: RemovalPlan;
  readonly dataRoot: string;
  readonly diskFree: number | null;
  readonly atMs: number;
}

/** The list inspects every image. */
const LIST_MS = 120_000;

const OPEN_STATES = RUN_STATES.filter((state) => !isTerminal(state));

export class ImageSweeper {
  readonly #options: SweeperOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** After the sweep that is under way. @throws GantryError DOCKER_UNAVAILABLE, ENGINE_*, STORE_*, or the signal's reason */
  async sweep(request: SweepRequest, signal: AbortSignal): Promise<SweepReport> {
    const sweep = this.#last.then(() => this.#sweep(request, signal));
    this.#last = sweep.catch(() => undefined);
    return await raced(sweep, signal);
  }

  async #sweep({ isDryRun }: SweepRequest, signal: AbortSignal): Promise<SweepReport> {
    signal.throwIfAborted();
    const found = await this.#look(signal);
    const kept = [...found.plan.keep];
    const removed: RemovedImage[] = [];
    for (const image of found.plan.remove) {
      const reason = isDryRun ? null : await this.#remove(image, found, signal);
      if (reason === null) removed.push(image);
      else kept.push({ ...image, reason });
    }
    const left = isDryRun ? found.images : found.images.filter(({ id }) => !removed.some((image) => image.id === id));
    this.#options.events.emit({ kind: 'imagesCounted', count: left.length, sizeBytes: sizeOf(left) });
    if (!isDryRun) await this.#keepRecords(found, left, signal);
    return { isDryRun, removed, kept, freedBytes: freedBy(removed), diskFree: found.diskFree };
  }

  async #look(signal: AbortSignal): Promise<Found> {
    const { engine, instanceId, store, clock, use, rules, diskFreeMin } = this.#options;
    const label = { [INSTANCE_LABEL]: instanceId };
    const { dataRoot } = await this.#call(signal, (inner) => engine.facts({ signal: inner }));
    const listed = await within(clock, LIST_MS, signal, (inner) => engine.listImages(label, { signal: inner }));
    const containers = await this.#call(signal, (inner) => engine.listContainers(label, { signal: inner }));
    const open = await this.#openRuns(signal);
    const serving = this.#options.serving();
    const names = [
      ...listed.map(({ labels }) => labels[PLUGIN_LABEL] ?? ''),
      ...serving.map(({ plugin }) => plugin.name),
    ];
    const records = await readRecords(
      store,
      names.filter((name) => name !== ''),
      (work) => this.#call(signal, work),
    );
    const diskFree = await this.#freeShare(dataRoot);
    // From here on nothing is awaited: the plan is of one moment.
    const atMs = clock.nowMs();
    use.observe(this.#options.serving(), atMs);
    // The engine filters by the label; what it says is checked, for here things are removed.
    const own = listed.filter(({ labels }) => labels[INSTANCE_LABEL] === instanceId);
    const images = own.map((facts) => this.#ownImage(facts, records));
    const plan = planRemoval({
      images,
      plugins: this.#options.plugins(),
      servingImages: new Set(this.#options.serving().map(({ imageId }) => imageId)),
      building: this.#options.claims.building(),
      sandboxVersions: new Set(containers.flatMap(({ labels }) => labels[VERSION_LABEL] ?? [])),
      ...open,
      isDiskShort: diskFree !== null && diskFree < diskFreeMin,
      nowMs: atMs,
      rules,
    });
    return { images, records, plan, dataRoot, diskFree, atMs };
  }

  #ownImage(facts: ImageFacts, records: Found['records']): OwnImage {
    const { id, tags, labels, sizeBytes, ownBytes = null, createdAtMs } = facts;
    const [plugin, semver, content] = [labels[PLUGIN_LABEL], labels[VERSION_LABEL], labels[CONTENT_LABEL]];
    const isOfPlugin = plugin !== undefined && semver !== undefined && content !== undefined;
    const version = isOfPlugin ? versionId(plugin, semver, content) : null;
    const stored = version === null || tags.length === 0 ? 0 : (records.get(version)?.lastUsedAtMs ?? 0);
    const lastUsedAtMs = Math.max(createdAtMs, stored, this.#options.use.lastServedAtMs(id));
    return { id, tags, plugin: isOfPlugin ? plugin : null, version, sizeBytes, ownBytes, createdAtMs, lastUsedAtMs };
  }

  /** Null: it is gone. Else why it stays. */
  async #remove(image: RemovedImage, found: Found, signal: AbortSignal): Promise<KeepReason | null> {
    if (image.reason === 'disk' && !(await this.#isDiskShort(found.dataRoot))) return 'room';
    const claim = image.plugin === null ? NO_CLAIM : this.#options.claims.forRemoval(image.plugin);
    if (claim === null) return 'building';
    using _claim = claim;
    if (this.#hasServedSince(image.id, found.atMs)) return 'serving';
    if (await this.#isAskedFor(image, signal)) return 'in_run';
    const why = await this.#removeById(image.id, signal);
    if (why !== null) return why;
    this.#options.use.forget(image.id);
    const { id: imageId, plugin, version, reason, sizeBytes } = image;
    this.#options.events.emit({ kind: 'imageRemoved', imageId, plugin, version, reason, sizeBytes });
    return null;
  }

  async #removeById(id: string, signal: AbortSignal): Promise<'in_use' | 'failed' | null> {
    const { engine, logger } = this.#options;
    try {
      const isGone = await this.#call(signal, (inner) => engine.removeImage(id, { signal: inner }));
      return isGone ? null : 'in_use';
    } catch (thrown) {
      if (signal.aborted || (thrown instanceof GantryError && thrown.code === 'DOCKER_UNAVAILABLE')) throw thrown;
      logger.log('warn', 'an image could not be removed', { image: id, cause: messageOf(thrown) });
      return 'failed';
    }
  }

  /** The folder may have gone back to an older state since the plan was made. */
  #hasServedSince(imageId: string, atMs: number): boolean {
    const isServing = this.#options.serving().some((version) => version.imageId === imageId);
    return isServing || this.#options.use.lastServedAtMs(imageId) > atMs;
  }

  /** A run may have been accepted since the plan was made; from here on the claim keeps others from being. */
  async #isAskedFor({ version }: RemovedImage, signal: AbortSignal): Promise<boolean> {
    if (version === null) return false;
    return (await this.#openRuns(signal)).askedVersions.has(version);
  }

  /** Of runs that have not ended: the start of the oldest that has begun, and the versions that they were asked to use. */
  async #openRuns(signal: AbortSignal): Promise<Pick<RemovalInput, 'oldestRunAtMs' | 'askedVersions'>> {
    const asked = new Set<string>();
    let oldestRunAtMs: number | null = null;
    const open = walkRuns((page) =>
      this.#call(signal, (inner) => this.#options.store.listRuns({ states: OPEN_STATES }, page, { signal: inner })),
    );
    for await (const run of open) {
      for (const id of askedVersions(run)) asked.add(id);
      if (run.startedAtMs !== null) oldestRunAtMs = Math.min(run.startedAtMs, oldestRunAtMs ?? run.startedAtMs);
    }
    return { oldestRunAtMs, askedVersions: asked };
  }

  async #isDiskShort(dataRoot: string): Promise<boolean> {
    const free = await this.#freeShare(dataRoot);
    return free !== null && free < this.#options.diskFreeMin;
  }

  async #freeShare(dataRoot: string): Promise<number | null> {
    return (await this.#options.disk?.freeShare(dataRoot)) ?? null;
  }

  async #keepRecords(found: Found, left: readonly OwnImage[], signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    for (const record of found.records.values()) {
      const changes = dueChanges(record, left, this.#options.serving(), clock.nowMs());
      if (changes === null) continue;
      await this.#call(signal, (inner) => store.updatePluginVersion(record.id, changes, { signal: inner }));
    }
  }

  #call<T>(signal: AbortSignal, work: (inner: AbortSignal) => Promise<T>): Promise<T> {
    return within(this.#options.clock, this.#options.callTimeoutMs, signal, work);
  }
}

const NO_CLAIM: Disposable = { [Symbol.dispose]: () => undefined };

function sizeOf(images: readonly OwnImage[]): number {
  return images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function freedBy(images: readonly OwnImage[]): number | null {
  const own = images.map(({ ownBytes }) => ownBytes);
  return own.includes(null) ? null : own.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}
