// The requests about images, except the build.
import type Docker from 'dockerode';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { ImageFacts } from '../../core/ports/container-engine.ts';
import type { EngineCalls } from './engine-calls.ts';
import { EngineRefusal, refusalStatus } from './engine-errors.ts';
import { jsonLines } from './json-lines.ts';
import { progressError, readImage, readImageList, readProgress } from './read-answers.ts';

interface Modem {
  dial(request: object, callback: (error: Error | null, answer: unknown) => void): void;
}

/** Of two removals at once that take the same untagged parent with them, one is told this though its own image is gone. */
const REMOVED_MEANWHILE = /unrecognized image ID sha256:|layer does not exist/;
const REMOVALS_MAX = 5;

const REFERENCE = /^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$/;

export class Images {
  readonly #docker: Docker;
  readonly #calls: EngineCalls;

  constructor(docker: Docker, calls: EngineCalls) {
    this.#docker = docker;
    this.#calls = calls;
  }

  async inspect(
    reference: string,
    signal: AbortSignal,
  ): Promise<(ImageFacts & { readonly digests: readonly string[] }) | null> {
    try {
      return await this.#calls.run('image_inspect', signal, async (abortSignal) =>
        readImage(await dialInspect(this.#docker, safeReference(reference), abortSignal)),
      );
    } catch (thrown) {
      if (refusalStatus(thrown) === 404 || isRemovedMeanwhile(thrown)) return null;
      throw thrown;
    }
  }

  async pull(reference: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#calls.run('image_pull', signal, async (abortSignal) => {
        const stream = await this.#docker.pull(safeReference(reference), { abortSignal });
        for await (const message of jsonLines(stream as AsyncIterable<Buffer>)) {
          const error = progressError(readProgress(message));
          if (error !== null) throw new GantryError('IMAGE_MISSING', `${reference} cannot be pulled: ${error}`);
        }
      });
    } catch (thrown) {
      if (!(thrown instanceof EngineRefusal)) throw thrown;
      throw new GantryError('IMAGE_MISSING', `${reference} cannot be pulled: ${thrown.reason}`, { cause: thrown });
    }
  }

  async tag(reference: string, repository: string, tag: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#calls.run('image_tag', signal, (abortSignal) =>
        this.#image(reference).tag({ repo: repository, tag, abortSignal }),
      );
    } catch (thrown) {
      if (refusalStatus(thrown) !== 404) throw thrown;
      throw new GantryError('IMAGE_MISSING', messageOf(thrown), { cause: thrown });
    }
  }

  /** Removes a tag, or the image with its untagged parents when it was the last one; what is gone is no error. */
  async remove(reference: string, signal: AbortSignal): Promise<void> {
    for (let made = 1; ; made += 1) {
      try {
        await this.#calls.run('image_remove', signal, (abortSignal) => this.#image(reference).remove({ abortSignal }));
        return;
      } catch (thrown) {
        if (refusalStatus(thrown) === 404) return;
        if (made === REMOVALS_MAX || !isRemovedMeanwhile(thrown)) throw thrown;
      }
    }
  }

  /** As `remove`; false when something needs the image. */
  async removeUnused(reference: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.remove(reference, signal);
      return true;
    } catch (thrown) {
      if (refusalStatus(thrown) === 409) return false;
      throw thrown;
    }
  }

  async list(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly ImageFacts[]> {
    const filters = JSON.stringify({ label: Object.entries(labels).map(([key, value]) => `${key}=${value}`) });
    const options = { filters, 'shared-size': true };
    const listed = await this.#calls.run('image_list', signal, async (abortSignal) =>
      readImageList(await this.#docker.listImages({ ...options, abortSignal })),
    );
    const images: ImageFacts[] = [];
    for (const { id, ...sizes } of listed) {
      const image = await this.inspect(id, signal);
      if (image !== null) images.push({ ...image, ...sizes });
    }
    return images;
  }

  #image(reference: string): Docker.Image {
    return this.#docker.getImage(safeReference(reference));
  }
}

function isRemovedMeanwhile(thrown: unknown): boolean {
  return thrown instanceof EngineRefusal && REMOVED_MEANWHILE.test(thrown.reason);
}

/** dockerode's own inspect() takes no signal, and would keep the socket of a request that was given up. */
async function dialInspect(docker: Docker, reference: string, abortSignal: AbortSignal): Promise<unknown> {
  const dialled = Promise.withResolvers<unknown>();
  const request = {
    path: `/images/${reference}/json`,
    method: 'GET',
    abortSignal,
    statusCodes: { 200: true, 404: 'no such image', 500: 'server error' },
  };
  (docker.modem as Modem).dial(request, (error, image) => {
    if (error === null) dialled.resolve(image);
    else dialled.reject(error);
  });
  return await dialled.promise;
}

/** dockerode writes references into the path as they are. @throws GantryError DEFECT */
function safeReference(reference: string): string {
  if (REFERENCE.test(reference) && !reference.includes('..')) return reference;
  throw new GantryError('DEFECT', `not an image reference: ${JSON.stringify(reference)}`);
}
