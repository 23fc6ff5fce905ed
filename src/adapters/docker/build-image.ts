// Builds an image with the engine's classic builder (the same on every supported engine when no builder is named). What a build leaves
// without a name is removed when no other build of this program is under way, because another may be standing on it.
import type Docker from 'dockerode';
import { within } from '../../core/deadline.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { BuildRequest } from '../../core/ports/container-engine.ts';
import { BuildOutput, type BuildStep } from './build-output.ts';
import type { EngineCalls } from './engine-calls.ts';
import { EngineRefusal } from './engine-errors.ts';
import type { Images } from './images.ts';
import { INSTANCE_LABEL } from './instance-label.ts';
import { instructionLines } from './instruction-lines.ts';
import { jsonLines } from './json-lines.ts';
import { DOCKERFILE_NAME, packContext } from './pack-context.ts';
import { readProgress } from './read-answers.ts';

const TIDY_DEADLINE_MS = 60_000;
/** Times that a build begins again because its cache went; the last one stands on none. */
const CACHE_LOSSES_MAX = 3;
/** In the engine's words, by the moment at which a stage went: before, between and after it is looked at, mounted and built upon. */
const CACHE_LOSS =
  /unknown parent image ID sha256:|unable to find image "?sha256:|no such image: sha256:|failed to get digest sha256:|unrecognized image ID sha256:|layer does not exist/i;

export interface ImageBuilderOptions {
  readonly docker: Docker;
  readonly calls: EngineCalls;
  readonly images: Images;
  readonly instanceId: string;
  readonly clock: Clock;
}

export class ImageBuilder {
  readonly #options: ImageBuilderOptions;
  readonly #leftovers = new Set<string>();
  /** of the latest build that keeps its stages */
  #kept: readonly string[] = [];
  #openBuilds = 0;

  constructor(options: ImageBuilderOptions) {
    this.#options = options;
  }

  async build(request: BuildRequest, signal: AbortSignal): Promise<{ readonly imageId: string }> {
    for (let losses = 0; ; losses += 1) {
      try {
        return await this.#attempt(request, losses < CACHE_LOSSES_MAX, signal);
      } catch (thrown) {
        if (losses === CACHE_LOSSES_MAX || !isCacheLoss(thrown)) throw thrown;
        request.onLine('another program took away a stage that this build stood on: it is built again');
      }
    }
  }

  async #attempt(
    request: BuildRequest,
    usesCache: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly imageId: string }> {
    const output = new BuildOutput((line) => {
      request.onLine(line);
    });
    this.#openBuilds += 1;
    try {
      await this.#run(request, usesCache, output, signal);
    } catch (thrown) {
      throw toBuildError(thrown, request, output);
    } finally {
      this.#noteLeftovers(output.leftovers(), request.keepsStages === true);
      this.#openBuilds -= 1;
      await this.#tidy();
    }
    return { imageId: await this.#finished(request, output, signal) };
  }

  /** Removes what was kept for later builds. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#noteLeftovers([], true);
    await this.#tidy();
  }

  /** Stages that are kept stand until the next ones do, which share what did not change; so nothing piles up. */
  #noteLeftovers(ids: readonly string[], isKept: boolean): void {
    const due = isKept ? this.#kept : ids;
    if (isKept) this.#kept = ids;
    for (const id of due) if (!this.#kept.includes(id)) this.#leftovers.add(id);
  }

  async #run(request: BuildRequest, usesCache: boolean, output: BuildOutput, signal: AbortSignal): Promise<void> {
    const context = await packContext(request.dockerfile, request.entries);
    await this.#options.calls.run('image_build', signal, async (abortSignal) => {
      const query = { ...this.#query(request), nocache: !usesCache, abortSignal };
      const options = query as unknown as Docker.ImageBuildOptions;
      const stream = await this.#options.docker.buildImage(context as unknown as NodeJS.ReadableStream, options);
      for await (const message of jsonLines(stream as AsyncIterable<Buffer>)) output.take(readProgress(message));
      output.finish();
      if (output.error !== null) throw new GantryError('BUILD_FAILED', output.error);
    });
  }

  /** Parameters of `POST /build`; objects are sent as JSON. */
  #query(request: BuildRequest): Record<string, unknown> {
    return {
      t: request.tag,
      dockerfile: DOCKERFILE_NAME,
      labels: { ...request.labels, [INSTANCE_LABEL]: this.#options.instanceId },
      buildargs: request.buildArgs,
      networkmode: request.isNetworked ? 'default' : 'none',
      memory: request.memoryBytes,
      memswap: request.memoryBytes,
      pull: false,
      rm: true,
      forcerm: true,
    };
  }

  /** The builder's word is checked against the engine: the image must be there. */
  async #finished(request: BuildRequest, output: BuildOutput, signal: AbortSignal): Promise<string> {
    const image = await this.#options.images.inspect(output.imageId ?? request.tag, signal);
    if (image === null || output.imageId === null) {
      throw new GantryError('ENGINE_FAILED', `the build of ${request.tag} ended without an image`);
    }
    return image.id;
  }

  async #tidy(): Promise<void> {
    if (this.#openBuilds > 0) return;
    const ids = [...this.#leftovers].reverse();
    this.#leftovers.clear();
    for (const id of ids) {
      try {
        await within(this.#options.clock, TIDY_DEADLINE_MS, null, (signal) => this.#removeNameless(id, signal));
      } catch (thrown) {
        // The container of a build that was cut short may still be going: the next build tries again.
        if (thrown instanceof EngineRefusal && /container/i.test(thrown.reason)) this.#leftovers.add(id);
      }
    }
  }

  /** A stage may be a base image itself: whatever has a name or came from a registry stays. */
  async #removeNameless(id: string, signal: AbortSignal): Promise<void> {
    const image = await this.#options.images.inspect(id, signal);
    if (image === null || image.tags.length > 0 || image.digests.length > 0) return;
    await this.#options.images.remove(image.id, signal);
  }
}

/** The cache is the engine's, not ours: what another program tidies up after its build may be what this one goes on from. */
function isCacheLoss(thrown: unknown): boolean {
  return thrown instanceof GantryError && thrown.code === 'BUILD_FAILED' && CACHE_LOSS.test(thrown.message);
}

function toBuildError(thrown: unknown, request: BuildRequest, output: BuildOutput): unknown {
  if (!(thrown instanceof GantryError)) return thrown;
  if (thrown.code === 'ENGINE_TIMEOUT') {
    const place = output.step === null ? '' : ` at ${placeOf(output.step, request.dockerfile)}`;
    return new GantryError('BUILD_TIMEOUT', `the build of ${request.tag} ran out of time${place}`, { cause: thrown });
  }
  if (thrown instanceof EngineRefusal) {
    // The Dockerfile itself was refused; the engine names its line.
    return new GantryError('BUILD_FAILED', thrown.reason, { cause: thrown });
  }
  if (thrown.code !== 'BUILD_FAILED' || output.step === null) return thrown;
  const place = placeOf(output.step, request.dockerfile);
  const isBaseMissing = /^FROM\s/i.test(output.step.instruction) && !/invalid reference/i.test(thrown.message);
  return new GantryError(isBaseMissing ? 'BASE_IMAGE_MISSING' : 'BUILD_FAILED', `${place}: ${thrown.message}`, {
    cause: thrown,
  });
}

/** `Dockerfile line 3 (RUN make)`; without the line when the step is none of the Dockerfile's own instructions. */
function placeOf(step: BuildStep, dockerfile: string): string {
  const line = instructionLines(dockerfile)[step.number - 1];
  const word = (text: string): string => text.trim().split(/\s/)[0]?.toUpperCase() ?? '';
  const isOwn = line !== undefined && word(dockerfile.split('\n')[line - 1] ?? '') === word(step.instruction);
  return isOwn ? `Dockerfile line ${String(line)} (${step.instruction})` : `build step (${step.instruction})`;
}
