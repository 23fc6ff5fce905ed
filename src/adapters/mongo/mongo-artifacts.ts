// Where the bytes of artifacts are on MongoDB: uploads in pieces, of which none is written while one piece may be all of it, so that what
// stands already costs no room even for a moment.
import { randomBytes } from 'node:crypto';
import type { RunId } from '../../core/ids.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { ArtifactContent, ArtifactUpload, ContentOptions } from '../../core/ports/artifact-content.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { MongoContents } from './mongo-contents.ts';

const HASH = /^[0-9a-f]{64}$/;
const RELEASED_AT_ONCE = 20;
const DROP_MS = 10_000;
const CHUNK_BYTES = 256 * 1024;

/** Does work on the open session. @param key writes of one key go one after another; null: a read */
export type ReachContents = <T>(
  operation: string,
  key: string | null,
  options: ContentOptions,
  work: (session: { readonly contents: MongoContents }) => Promise<T>,
) => Promise<T>;

/** @param chunkBytes of what is put from now on */
export function mongoArtifacts(
  reach: ReachContents,
  clock: Pick<Clock, 'nowMs'>,
  chunkBytes = CHUNK_BYTES,
): ArtifactContent {
  return {
    begin: (runId) => Promise.resolve(new MongoUpload(reach, clock, runId, chunkBytes)),
    read: async ({ runId, content }, offset, length, options) =>
      HASH.test(content)
        ? await reach('readContent', null, options, ({ contents }) => contents.read(runId, content, offset, length))
        : null,
    share: async ({ runId, content }, other, options) => {
      if (!HASH.test(content)) return null;
      return await reach('shareContent', `content:${content}`, options, async ({ contents }) => {
        if (!(await contents.isHeld(runId, content))) return null;
        return (await contents.adopt(other, content, null)) === 'shared' ? content : null;
      });
    },
    removeOfRun: async (runId, options) => {
      const count = await reach('releaseContents', `contents:${runId}`, options, ({ contents }) =>
        contents.release(runId, RELEASED_AT_ONCE, clock.nowMs()),
      );
      return count < RELEASED_AT_ONCE;
    },
    tidy: (nowMs, options) => reach('tidyContents', 'contents', options, ({ contents }) => contents.tidy(nowMs)),
  };
}

class MongoUpload implements ArtifactUpload {
  readonly #reach: ReachContents;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #runId: RunId;
  readonly #chunkBytes: number;
  readonly #blob = randomBytes(12).toString('hex');
  #held: Buffer = Buffer.alloc(0);
  #chunks = 0;
  #isBegun = false;
  /** from here on a content may name the blob, and only whoever judges it may remove it */
  #isOffered = false;

  constructor(reach: ReachContents, clock: Pick<Clock, 'nowMs'>, runId: RunId, chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
    this.#reach = reach;
    this.#clock = clock;
    this.#runId = runId;
  }

  async write(bytes: Uint8Array, options: ContentOptions): Promise<void> {
    this.#held = Buffer.concat([this.#held, bytes]);
    while (this.#held.length > this.#chunkBytes) await this.#put(this.#chunkBytes, options);
  }

  async finish(sha256: string, options: ContentOptions): Promise<string> {
    const [key, runId, blob, chunkBytes] = [`content:${sha256}`, this.#runId, this.#blob, this.#chunkBytes];
    const standing = await this.#reach('adoptContent', key, options, ({ contents }) =>
      contents.adopt(runId, sha256, null),
    );
    if (standing === 'shared') {
      await this.abort();
      return sha256;
    }
    const sizeBytes = this.#chunks * chunkBytes + this.#held.length;
    if (this.#held.length > 0) await this.#put(this.#held.length, options);
    await this.#begin(options);
    this.#isOffered = true;
    const adoption = await this.#reach('adoptContent', key, options, async ({ contents }) => {
      if (!(await contents.completeBlob(blob, sha256, this.#clock.nowMs()))) return 'absent';
      return await contents.adopt(runId, sha256, { id: blob, sizeBytes, chunkBytes });
    });
    if (adoption === 'absent') throw new GantryError('STORE_UNAVAILABLE', 'store: the upload was given up meanwhile');
    if (adoption === 'shared') await this.#drop();
    return sha256;
  }

  async abort(): Promise<void> {
    this.#held = Buffer.alloc(0);
    if (this.#isBegun && !this.#isOffered) await this.#drop();
  }

  /** Nobody waits long for it: what is left is found by its age. */
  async #drop(): Promise<void> {
    const options = { signal: AbortSignal.timeout(DROP_MS) };
    await this.#reach('dropContent', `blob:${this.#blob}`, options, ({ contents }) =>
      contents.dropBlob(this.#blob),
    ).catch(() => undefined);
  }

  async #begin(options: ContentOptions): Promise<void> {
    if (this.#isBegun) return;
    const [blob, key] = [this.#blob, `blob:${this.#blob}`];
    await this.#reach('beginContent', key, options, ({ contents }) => contents.beginBlob(blob, this.#clock.nowMs()));
    this.#isBegun = true;
  }

  async #put(length: number, options: ContentOptions): Promise<void> {
    await this.#begin(options);
    const [blob, index, bytes] = [this.#blob, this.#chunks, this.#held.subarray(0, length)];
    await this.#reach('putContent', `blob:${blob}`, options, ({ contents }) => contents.putChunk(blob, index, bytes));
    this.#chunks += 1;
    this.#held = this.#held.subarray(length);
  }
}
