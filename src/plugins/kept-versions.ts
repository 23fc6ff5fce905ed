// Versions that were replaced and whose images are still there, made usable again from their records and their images. Their settings are
// the operator's of now, read by the schema of then: settings are not kept with versions, and a secret's new value holds for old code, too.
import { within } from '../core/deadline.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { Plugin, PluginVersion, Problem } from '../core/plugin.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { ContainerEngine, ImageFacts } from '../core/ports/container-engine.ts';
import type { ChosenVersion, PluginVersions } from '../core/ports/plugin-versions.ts';
import type { PluginVersionRecord, Store, StoreOptions } from '../core/ports/store.ts';
import { checkImage, commandOf, environmentOf, workingDirOf } from './image/check-image.ts';
import { referenceOf } from './image/plan-image.ts';
import { CONTENT_LABEL, INSTANCE_LABEL } from './image/image-labels.ts';
import { readSettings } from './read-settings.ts';
import type { PluginClaims } from './retention/plugin-claims.ts';
import { meantById, meantByName, neverThere, notThere, type MeantVersion } from './version-names.ts';

export interface KeptVersionsOptions {
  readonly engine: Pick<ContainerEngine, 'inspectImage'>;
  readonly instanceId: string;
  readonly store: Pick<Store, 'listPluginVersions'>;
  readonly clock: Clock;
  readonly claims: PluginClaims;
  /** folder with `<plugin>.yaml` settings files; null: none */
  readonly settingsFolder: string | null;
  /** the versions that serve now */
  readonly serving: () => readonly PluginVersion[];
  /** of one request to the engine */
  readonly callTimeoutMs: number;
}

export class KeptVersions implements PluginVersions {
  readonly #options: KeptVersionsOptions;

  constructor(options: KeptVersionsOptions) {
    this.#options = options;
  }

  async choose(plugin: string, version: string, options: StoreOptions): Promise<ChosenVersion> {
    // As for a build: a removal leaves the plugin's images alone meanwhile.
    const claim = await this.#options.claims.forBuild(plugin);
    try {
      const chosen = await this.#newest(meantByName(plugin, version), options);
      return {
        version: chosen,
        [Symbol.dispose]: () => {
          claim[Symbol.dispose]();
        },
      };
    } catch (error) {
      claim[Symbol.dispose]();
      throw error;
    }
  }

  async find(id: string, options: StoreOptions): Promise<PluginVersion> {
    return await this.#newest(meantById(id), options);
  }

  async #newest({ plugin, asked, isMeant }: MeantVersion, options: StoreOptions): Promise<PluginVersion> {
    const serving = this.#options.serving().filter((version) => version.plugin.name === plugin);
    const current = serving.find(({ id }) => isMeant(id));
    if (current !== undefined) return current;
    const records = await this.#options.store.listPluginVersions(plugin, options);
    if (records.length + serving.length === 0) throw neverThere(plugin);
    const meant = records.filter(({ id }) => isMeant(id));
    for (const record of meant) {
      const image = await this.#imageOf(record, options.signal);
      if (image !== null) return await this.#versionOf(record, image);
    }
    throw notThere(plugin, asked, meant.length > 0, [
      ...serving.map(({ id }) => id),
      ...records.filter(({ imageRemovedAtMs }) => imageRemovedAtMs === null).map(({ id }) => id),
    ]);
  }

  /**
   * By its tag: the same version may have been built again to another image, and was stored by whichever program built it first. Null: there is
   * none that is what its tag says.
   */
  async #imageOf(
    { imageTag, manifest, contentHash }: PluginVersionRecord,
    signal: AbortSignal,
  ): Promise<ImageFacts | null> {
    const { instanceId } = this.#options;
    const { name, source } = manifest as unknown as Plugin;
    if (source.kind === 'image') return await this.#inspect(imageTag, signal);
    for (const tag of new Set([imageTag, referenceOf(name, contentHash, instanceId)])) {
      const facts = await this.#inspect(tag, signal);
      const isOwn = facts?.labels[INSTANCE_LABEL] === instanceId;
      if (isOwn && facts.labels[CONTENT_LABEL] === contentHash) return facts;
    }
    return null;
  }

  async #inspect(tag: string, signal: AbortSignal): Promise<ImageFacts | null> {
    const { engine, clock, callTimeoutMs } = this.#options;
    return await within(clock, callTimeoutMs, signal, (inner) => engine.inspectImage(tag, { signal: inner }));
  }

  async #versionOf(record: PluginVersionRecord, facts: ImageFacts): Promise<PluginVersion> {
    const stored = record.manifest as unknown as Plugin;
    // Nobody retires it when its runs are over, so it keeps no reserve.
    const plugin = { ...stored, pool: { ...stored.pool, min: 0 } };
    refuseAny(checkImage(facts, plugin, record.id));
    const settings = await readSettings(plugin, this.#options.settingsFolder);
    if ('problems' in settings) refuseAny(settings.problems);
    return {
      ...{ id: record.id, plugin, contentHash: record.contentHash, imageId: facts.id, imageTag: record.imageTag },
      ...{ command: commandOf(plugin, facts), env: environmentOf(facts), workingDir: workingDirOf(facts) },
      config: 'config' in settings ? settings.config : {},
    };
  }
}

function refuseAny(problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new GantryError(first.code as GantryError['code'], first.message, { problems });
}
