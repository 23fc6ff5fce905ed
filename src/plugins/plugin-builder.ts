// A loaded folder → a version with an image that is on the engine and was looked at. The image's tag is its content hash: what is there
// already is not built again, which costs one inspection of each image.
import { within } from '../core/deadline.ts';
import { asGantryError, GantryError } from '../core/errors/gantry-error.ts';
import type { JsonValue } from '../core/json.ts';
import type { PluginVersion, Problem } from '../core/plugin.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { ContainerEngine, ImageFacts } from '../core/ports/container-engine.ts';
import type { EventSink } from '../core/ports/event-sink.ts';
import type { Store } from '../core/ports/store.ts';
import type { BuildLog } from './build-log.ts';
import { checkHostSize } from './image/check-entries.ts';
import { checkImage, commandOf, environmentOf, workingDirOf } from './image/check-image.ts';
import { CONTENT_LABEL, INSTANCE_LABEL, PLUGIN_LABEL, VERSION_LABEL, versionId } from './image/image-labels.ts';
import { basesOf, planImage, type ImagePlan } from './image/plan-image.ts';
import type { Bases } from './image/recipes.ts';
import type { SdkFiles } from './image/sdk-files.ts';
import { MANIFEST_NAME, type LoadedFolder } from './load-folder.ts';

export interface BuilderOptions {
  readonly engine: ContainerEngine;
  readonly store: Pick<Store, 'putPluginVersion'>;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly bases: Bases;
  readonly sdk: SdkFiles;
  readonly log: BuildLog;
  /** as the engine labels what it builds */
  readonly instanceId: string;
  /** of one build, or of one pull */
  readonly buildTimeoutMs: number;
  readonly buildMemoryBytes: number;
  /** see BuildRequest */
  readonly keepsStages?: boolean;
  /** of any other call */
  readonly callTimeoutMs: number;
}

export class PluginBuilder {
  readonly #options: BuilderOptions;

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  /**
   * @param shown the folder as the reader would type it
   * @throws GantryError with `problems` where there are several: LIMIT_INVALID, BASE_IMAGE_MISSING, IMAGE_MISSING, IMAGE_UNSAFE,
   *   BUILD_FAILED, BUILD_TIMEOUT, MANIFEST_INVALID, and whatever the engine or the store throws
   */
  async build(loaded: LoadedFolder, shown: string, signal: AbortSignal): Promise<PluginVersion> {
    const { engine } = this.#options;
    const { plugin } = loaded;
    const file = `${shown}/${MANIFEST_NAME}`;
    const host = await this.#call(signal, (inner) => engine.facts({ signal: inner }));
    refuseAny(checkHostSize(plugin, host, file));
    const plan = await this.#plan(loaded, signal);
    const facts = (await this.#findImage(plan, signal)) ?? (await this.#makeImage(loaded, plan, signal));
    refuseAny(checkImage(facts, plugin, file));
    const command = commandOf(plugin, facts);
    if (command.length === 0) {
      throw new GantryError('MANIFEST_INVALID', `${file}: the image has no command of its own; give \`command\``);
    }
    const version: PluginVersion = {
      id: versionId(plugin.name, plugin.version, plan.contentHash),
      plugin,
      contentHash: plan.contentHash,
      imageId: facts.id,
      imageTag: plan.reference,
      command,
      env: environmentOf(facts),
      workingDir: workingDirOf(facts),
      config: loaded.config,
    };
    await this.#store(version, signal);
    return version;
  }

  async #plan(loaded: LoadedFolder, signal: AbortSignal): Promise<ImagePlan> {
    const { engine, bases, sdk } = this.#options;
    const { plugin, entries } = loaded;
    const baseImageIds: string[] = [];
    for (const reference of basesOf(plugin, bases)) {
      const facts = await this.#call(signal, (inner) => engine.inspectImage(reference, { signal: inner }));
      if (facts === null) throw baseMissing(reference);
      baseImageIds.push(facts.id);
    }
    const sdkFiles = plugin.source.kind === 'runtime' ? await sdk.of(plugin.source.runtime) : [];
    return planImage({ plugin, entries, bases, baseImageIds, sdk: sdkFiles, instanceId: this.#options.instanceId });
  }

  /** The image, if it is on the engine, is ours and is what its tag says. */
  async #findImage(plan: ImagePlan, signal: AbortSignal): Promise<ImageFacts | null> {
    const facts = await this.#call(signal, (inner) =>
      this.#options.engine.inspectImage(plan.reference, { signal: inner }),
    );
    if (facts === null || plan.build === null) return facts;
    const isOwn = facts.labels[INSTANCE_LABEL] === this.#options.instanceId;
    return isOwn && facts.labels[CONTENT_LABEL] === plan.contentHash ? facts : null;
  }

  async #makeImage(loaded: LoadedFolder, plan: ImagePlan, signal: AbortSignal): Promise<ImageFacts> {
    const { clock, events, log } = this.#options;
    const { name } = loaded.plugin;
    const startedMs = clock.monotonicMs();
    const finish = (isSuccessful: boolean, message: string): void => {
      log.append(name, message);
      const durationMs = clock.monotonicMs() - startedMs;
      events.emit({ kind: 'buildFinished', plugin: name, isSuccessful, durationMs, message });
    };
    log.begin(name);
    try {
      await this.#buildOrPull(loaded, plan, signal);
      const facts = await this.#findImage(plan, signal);
      if (facts === null) throw new GantryError('BUILD_FAILED', `no image ${plan.reference} came of the build`);
      finish(true, `built ${plan.reference}`);
      return facts;
    } catch (thrown) {
      const error = asGantryError(thrown, 'BUILD_FAILED');
      finish(false, `${error.code}: ${error.message}`);
      throw error;
    }
  }

  async #buildOrPull(loaded: LoadedFolder, plan: ImagePlan, signal: AbortSignal): Promise<void> {
    const { engine, clock, log, buildMemoryBytes, buildTimeoutMs } = this.#options;
    const { plugin } = loaded;
    try {
      await within(clock, buildTimeoutMs, signal, async (inner) => {
        if (plan.build === null) {
          await engine.pullImage(plan.reference, { signal: inner });
          return;
        }
        await engine.buildImage(
          {
            tag: plan.reference,
            dockerfile: plan.build.dockerfile,
            entries: plan.build.entries,
            labels: {
              [PLUGIN_LABEL]: plugin.name,
              [VERSION_LABEL]: plugin.version,
              [CONTENT_LABEL]: plan.contentHash,
            },
            isNetworked: plugin.isBuildNetworked,
            memoryBytes: buildMemoryBytes,
            buildArgs: {},
            keepsStages: this.#options.keepsStages === true,
            onLine: (line) => {
              log.append(plugin.name, line);
            },
          },
          { signal: inner },
        );
      });
    } catch (thrown) {
      if (signal.aborted || !isTimeout(thrown)) throw thrown;
      throw new GantryError('BUILD_TIMEOUT', `the build took longer than ${buildTimeoutMs} ms`, { cause: thrown });
    }
  }

  async #store(version: PluginVersion, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    const record = {
      id: version.id,
      plugin: version.plugin.name,
      contentHash: version.contentHash,
      imageId: version.imageId,
      imageTag: version.imageTag,
      manifest: version.plugin as unknown as JsonValue,
      createdAtMs: clock.nowMs(),
      lastUsedAtMs: null,
      imageRemovedAtMs: null,
      said: null,
    };
    await this.#call(signal, (inner) => store.putPluginVersion(record, { signal: inner }));
  }

  #call<T>(signal: AbortSignal, work: (inner: AbortSignal) => Promise<T>): Promise<T> {
    return within(this.#options.clock, this.#options.callTimeoutMs, signal, work);
  }
}

/** The engine's word for a deadline, or the deadline itself. */
function isTimeout(thrown: unknown): boolean {
  if (thrown instanceof GantryError) return thrown.code === 'ENGINE_TIMEOUT';
  return thrown instanceof DOMException && thrown.name === 'TimeoutError';
}

function refuseAny(problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new GantryError(first.code as GantryError['code'], first.message, { problems });
}

function baseMissing(reference: string): GantryError {
  const mend = 'make it with `gantry bases build`, which needs no image registry';
  return new GantryError('BASE_IMAGE_MISSING', `the base image ${reference} is not on the engine; ${mend}`);
}
