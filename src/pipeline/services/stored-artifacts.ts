// Bytes of artifacts as payloads of their run, where runs are few and short, as in trials of plugins: a piece each, as base64, under a name of
// the upload. They go with the run's other payloads, and equal bytes of two runs are kept twice.
import { ARTIFACT_CHUNK_BYTES } from '../../core/artifact.ts';
import type { RunId } from '../../core/ids.ts';
import type { ArtifactContent, ArtifactUpload, ContentOptions } from '../../core/ports/artifact-content.ts';
import type { IdSource } from '../../core/ports/id-source.ts';
import type { Store } from '../../core/ports/store.ts';

type Payloads = Pick<Store, 'putPayload' | 'findPayload'>;

/** Three quarters of what a payload may have in one document, since base64 adds a third. */
const PIECE_BYTES = (ARTIFACT_CHUNK_BYTES / 4) * 3;

function pieceName(content: string, index: number): string {
  return `artifact/${content}/${String(index)}`;
}

export class StoredArtifacts implements ArtifactContent {
  readonly #store: Payloads;
  readonly #ids: IdSource;

  constructor(store: Payloads, ids: IdSource) {
    this.#store = store;
    this.#ids = ids;
  }

  begin(runId: RunId): Promise<ArtifactUpload> {
    return Promise.resolve(new StoredUpload(this.#store, runId, this.#ids.randomHex(12)));
  }

  async read(
    { runId, content }: { readonly runId: RunId; readonly content: string },
    offset: number,
    length: number,
    options: ContentOptions,
  ): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = [];
    for (let at = offset; at < offset + length;) {
      const piece = await this.#store.findPayload(runId, pieceName(content, Math.floor(at / PIECE_BYTES)), options);
      if (piece === null) return at === offset ? null : Buffer.concat(parts);
      const bytes = Buffer.from(piece, 'base64').subarray(at % PIECE_BYTES, (at % PIECE_BYTES) + offset + length - at);
      parts.push(bytes);
      at += bytes.length;
      // The last piece is the only one that is not full; it may be empty.
      if (bytes.length === 0 || at % PIECE_BYTES !== 0) break;
    }
    return Buffer.concat(parts);
  }

  /** Piece by piece; the last one is the only one that is not full, so none is left out when it breaks off and is done again. */
  async share(
    { runId, content }: { readonly runId: RunId; readonly content: string },
    other: RunId,
    options: ContentOptions,
  ): Promise<string | null> {
    for (let index = 0; ; index += 1) {
      const piece = await this.#store.findPayload(runId, pieceName(content, index), options);
      if (piece === null) return null;
      await this.#store.putPayload(other, pieceName(content, index), piece, options);
      if (Buffer.byteLength(piece, 'base64') < PIECE_BYTES) return content;
    }
  }

  /** They go with the run's other payloads. */
  removeOfRun(): Promise<boolean> {
    return Promise.resolve(true);
  }

  tidy(): Promise<void> {
    return Promise.resolve();
  }
}

class StoredUpload implements ArtifactUpload {
  readonly #store: Payloads;
  readonly #runId: RunId;
  readonly #content: string;
  #held: Buffer = Buffer.alloc(0);
  #pieces = 0;

  constructor(store: Payloads, runId: RunId, content: string) {
    this.#store = store;
    this.#runId = runId;
    this.#content = content;
  }

  async write(bytes: Uint8Array, options: ContentOptions): Promise<void> {
    this.#held = Buffer.concat([this.#held, bytes]);
    while (this.#held.length >= PIECE_BYTES) await this.#put(PIECE_BYTES, options);
  }

  async finish(_sha256: string, options: ContentOptions): Promise<string> {
    // An empty piece behind the last full one says that there is nothing more.
    await this.#put(this.#held.length, options);
    return this.#content;
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }

  async #put(length: number, options: ContentOptions): Promise<void> {
    const text = this.#held.toString('base64', 0, length);
    await this.#store.putPayload(this.#runId, pieceName(this.#content, this.#pieces), text, options);
    this.#pieces += 1;
    this.#held = this.#held.subarray(length);
  }
}
