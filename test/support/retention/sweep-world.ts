// A sweeper over the fake engine and the memory store, with images of versions as builds leave them.
import type { DomainEvent } from '../../../src/core/events.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import type { ImageFacts } from '../../../src/core/ports/container-engine.ts';
import { ImageSweeper, type SweeperOptions } from '../../../src/plugins/retention/image-sweeper.ts';
import { PluginClaims } from '../../../src/plugins/retention/plugin-claims.ts';
import { VersionUse } from '../../../src/plugins/retention/version-use.ts';
import { FakeClock } from '../clock/fake-clock.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import { makeVersion } from '../plugins/make-version.ts';
import { patient } from '../store/build-records.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { CollectingLogger } from '../web/collecting-logger.ts';

export const DAY_MS = 86_400_000;
const INSTANCE = 'ours';

export class SweepWorld {
  readonly clock = new FakeClock();
  readonly engine = new FakeEngine({ program: () => null, instanceId: INSTANCE });
  readonly store = new MemoryStore();
  readonly events: DomainEvent[] = [];
  readonly logger = new CollectingLogger();
  readonly claims = new PluginClaims();
  readonly use = new VersionUse();
  /** what the disk says, in turn; the last one for ever */
  readonly freeShares: number[] = [];
  serving: readonly PluginVersion[] = [];
  readonly sweeper: ImageSweeper;

  constructor(changes: Partial<SweeperOptions> = {}) {
    const { clock, engine, store, logger, claims, use } = this;
    this.sweeper = new ImageSweeper({
      ...{ clock, engine, store, logger, claims, use },
      instanceId: INSTANCE,
      events: { emit: (event) => void this.events.push(event) },
      disk: { freeShare: () => Promise.resolve(this.#freeShare()) },
      serving: () => this.serving,
      plugins: () => new Set(this.serving.map(({ plugin }) => plugin.name)),
      rules: { keepVersions: 1, keepForMs: 7 * DAY_MS, freshMs: 600_000 },
      diskFreeMin: 0.1,
      callTimeoutMs: 30_000,
      ...changes,
    });
  }

  /** A version of the plugin `sample` with its image and its record, made that many days ago. @param mark twelve hex digits */
  async version(mark: string, ageDays: number, changes: Partial<ImageFacts> = {}): Promise<PluginVersion> {
    const contentHash = mark.padEnd(64, '0');
    const createdAtMs = this.clock.nowMs() - ageDays * DAY_MS;
    const imageTag = `gantry/plugin-sample:${mark}`;
    const labels = {
      'io.gantry.instance': INSTANCE,
      'io.gantry.plugin': 'sample',
      'io.gantry.version': '1.0.0',
      'io.gantry.content': contentHash,
    };
    const { id: imageId } = this.engine.images.add(imageTag, { createdAtMs, labels, ...changes });
    const version = { ...makeVersion(), id: `sample@1.0.0+${mark}`, contentHash, imageId, imageTag };
    await this.store.putPluginVersion(
      {
        ...{ id: version.id, plugin: 'sample', contentHash, imageId, imageTag, createdAtMs },
        ...{ lastUsedAtMs: null, imageRemovedAtMs: null, said: null },
        manifest: version.plugin as unknown as JsonValue,
      },
      patient(),
    );
    return version;
  }

  /** Sweeps; `<mark> <reason>` of each, removed and kept. */
  async sweep(isDryRun = false): Promise<{ readonly removed: readonly string[]; readonly kept: readonly string[] }> {
    const { removed, kept } = await this.sweeper.sweep({ isDryRun }, patient().signal);
    const told = ({ tags, reason }: { readonly tags: readonly string[]; readonly reason: string }): string =>
      `${tags[0]?.split(':')[1] ?? 'nameless'} ${reason}`;
    return { removed: removed.map(told), kept: kept.map(told) };
  }

  /** Marks of the images that stand. */
  standing(): readonly string[] {
    return this.engine.images.list({}).map(({ tags }) => tags[0]?.split(':')[1] ?? 'nameless');
  }

  #freeShare(): number {
    return (this.freeShares.length > 1 ? this.freeShares.shift() : this.freeShares[0]) ?? 0.9;
  }
}
