// The fake engine's images: what the test put there, what was pulled, what was built.
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { BuildRequest, ImageFacts } from '../../../src/core/ports/container-engine.ts';

export class FakeImages {
  readonly #images = new Map<string, ImageFacts>();
  /** references that a pull finds */
  readonly pullable = new Set<string>();
  /** every build, in order */
  readonly builds: BuildRequest[] = [];
  #made = 0;

  /** Puts an image on the engine, under its tag and its id. */
  add(tag: string, facts: Partial<ImageFacts> = {}): ImageFacts {
    this.#made += 1;
    const id = `sha256:${this.#made.toString(16).padStart(64, '0')}`;
    const image = { id, tags: [tag], sizeBytes: 1024, createdAtMs: 0, labels: {}, config: {}, ...facts };
    const before = this.#images.get(tag);
    if (before !== undefined) this.#untag(before, tag);
    this.#images.set(tag, image);
    return image;
  }

  /** The image loses a tag to another one, and stays under its id. */
  #untag(image: ImageFacts, tag: string): void {
    const tags = image.tags.filter((known) => known !== tag);
    const bare = { ...image, tags };
    this.#images.delete(tag);
    for (const key of tags.length > 0 ? tags : [image.id]) this.#images.set(key, bare);
  }

  find(reference: string): ImageFacts | null {
    const byId = [...this.#images.values()].find((image) => image.id === reference);
    return this.#images.get(reference) ?? byId ?? null;
  }

  pull(reference: string): void {
    if (!this.pullable.has(reference)) throw new GantryError('IMAGE_MISSING', `${reference} cannot be pulled`);
    this.add(reference);
  }

  tag(reference: string, repository: string, tag: string): void {
    const image = this.find(reference);
    if (image === null) throw new GantryError('IMAGE_MISSING', `No such image: ${reference}`);
    const name = `${repository}:${tag}`;
    const before = this.#images.get(name);
    if (before !== undefined && before.id !== image.id) this.#untag(before, name);
    const tagged = { ...image, tags: [...image.tags, name] };
    for (const known of tagged.tags) this.#images.set(known, tagged);
  }

  /** As the engine does without force. @param used ids of images that containers have */
  remove(reference: string, used: ReadonlySet<string | undefined> = new Set()): boolean {
    const image = this.find(reference);
    if (image === null) return true;
    if (image.id === reference && image.tags.length > 1) return false;
    const tags = image.id === reference ? [] : image.tags.filter((tag) => tag !== reference);
    if (tags.length === 0 && used.has(image.id)) return false;
    for (const key of [image.id, ...image.tags]) this.#images.delete(key);
    for (const tag of tags) this.#images.set(tag, { ...image, tags });
    return true;
  }

  list(labels: Readonly<Record<string, string>>): readonly ImageFacts[] {
    const byId = new Map([...this.#images.values()].map((image) => [image.id, image]));
    return [...byId.values()].filter((image) =>
      Object.entries(labels).every(([key, value]) => image.labels[key] === value),
    );
  }

  build(request: BuildRequest, instance: Readonly<Record<string, string>>): { readonly imageId: string } {
    this.builds.push(request);
    request.onLine('Step 1/1 : FROM scratch');
    return { imageId: this.add(request.tag, { labels: { ...request.labels, ...instance } }).id };
  }
}
