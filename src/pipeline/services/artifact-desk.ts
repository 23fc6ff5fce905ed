// `artifact.put` and `artifact.get` of one invocation: bytes in pieces, in the order in which they come. What is not finished when the
// invocation ends is dropped. Secrets are taken out on the way, so hash and size are those of what is kept.
import { createHash, type Hash } from 'node:crypto';
import {
  ARTIFACT_CHUNK_BYTES,
  ARTIFACT_NAME,
  ARTIFACTS_MAX,
  CONTENT_TYPE,
  UNKNOWN_TYPE,
  type Artifact,
} from '../../core/artifact.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { ArtifactContent, ArtifactUpload } from '../../core/ports/artifact-content.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { HostAnswer, ServiceScope } from '../../core/ports/host-services.ts';
import type { IdSource } from '../../core/ports/id-source.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { RedactStream } from '../../core/redact-stream.ts';
import { invalid, refused } from './refuse.ts';
import type { RunArtifacts } from './run-artifacts.ts';

export interface ArtifactLimits {
  /** of one artifact */
  readonly sizeBytes: number;
  /** of all artifacts of a run */
  readonly runBytes: number;
}

/** Uploads of one invocation that are begun and not finished. */
export const UPLOADS_MAX = 8;

export interface ArtifactParts {
  readonly content: ArtifactContent;
  readonly artifacts: RunArtifacts;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly limits: ArtifactLimits;
}

interface Upload {
  readonly contentType: string;
  readonly upload: ArtifactUpload;
  readonly redact: RedactStream;
  readonly hash: Hash;
  sizeBytes: number;
}

interface Piece {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

export class ArtifactDesk implements Disposable {
  readonly #parts: ArtifactParts;
  readonly #scope: ServiceScope;
  readonly #uploads = new Map<string, Upload>();
  #tail: Promise<unknown> = Promise.resolve();
  #isOver = false;
  #takenBytes = 0;

  constructor(parts: ArtifactParts, scope: ServiceScope) {
    this.#parts = parts;
    this.#scope = scope;
  }

  /** Null: there is no such method. @throws GantryError STORE_*, or what the file system throws */
  async perform(method: string, params: JsonObject, options: StoreOptions): Promise<HostAnswer | null> {
    if (method === 'artifact.get') return await this.#get(params, options);
    if (method !== 'artifact.put') return null;
    const piece = readPiece(params);
    if ('kind' in piece) return piece;
    // One after the other: the pieces of an artifact have an order.
    const turn = this.#tail.then(() => this.#put(piece, options));
    this.#tail = turn.catch(() => undefined);
    return await turn;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const { upload } of this.#uploads.values()) void upload.abort();
    this.#uploads.clear();
  }

  async #put(piece: Piece, options: StoreOptions): Promise<HostAnswer> {
    const { name, bytes, isLast } = piece;
    if (this.#isOver) return OVER;
    const upload = this.#uploads.get(name) ?? (await this.#begin(piece));
    if ('kind' in upload) return upload;
    this.#takenBytes += bytes.length;
    // What is put again, or given up, takes room as well.
    if (this.#takenBytes > this.#parts.limits.runBytes)
      return await this.#drop(name, this.#parts.limits.runBytes, 'run');
    try {
      await this.#write(upload, upload.redact.push(bytes), options);
      if (isLast) await this.#write(upload, upload.redact.end(), options);
      const { sizeBytes: most } = this.#parts.limits;
      if (upload.sizeBytes > most) return await this.#drop(name, most, 'artifact');
      return isLast ? await this.#finish(name, upload, options) : answer({ sizeBytes: upload.sizeBytes });
    } catch (error) {
      // A piece of unknown fate leaves nothing to go on with.
      await this.#drop(name, 0, 'artifact');
      throw error;
    }
  }

  async #begin({ name, contentType }: Piece): Promise<Upload | HostAnswer> {
    if (this.#uploads.size >= UPLOADS_MAX)
      return refused('FULL', `${String(UPLOADS_MAX)} artifacts are not finished`, { limit: 'uploads' });
    const upload = {
      contentType,
      upload: await this.#parts.content.begin(this.#scope.runId),
      redact: this.#scope.redactor.stream(),
      hash: createHash('sha256'),
      sizeBytes: 0,
    };
    if (this.#isOver) void upload.upload.abort();
    else this.#uploads.set(name, upload);
    return this.#isOver ? OVER : upload;
  }

  async #write(upload: Upload, bytes: Uint8Array, options: StoreOptions): Promise<void> {
    if (bytes.length === 0) return;
    upload.hash.update(bytes);
    upload.sizeBytes += bytes.length;
    if (upload.sizeBytes <= this.#parts.limits.sizeBytes) await upload.upload.write(bytes, options);
  }

  async #finish(name: string, upload: Upload, options: StoreOptions): Promise<HostAnswer> {
    const { artifacts, ids, clock } = this.#parts;
    const { runId, hook, plugin } = this.#scope;
    const sha256 = upload.hash.digest('hex');
    const content = await upload.upload.finish(sha256, options);
    this.#uploads.delete(name);
    const { contentType, sizeBytes } = upload;
    const place = { id: ids.newId('art'), runId, hook, plugin: plugin.name, name };
    const artifact = { ...place, contentType, sizeBytes, sha256, content, createdAtMs: clock.nowMs() };
    const refusal = await artifacts.put([artifact], (others) => this.#whyNot(artifact, others), options);
    return refusal ?? answer({ id: artifact.id, sizeBytes, sha256 });
  }

  #whyNot({ sizeBytes }: Artifact, others: readonly Artifact[]): HostAnswer | null {
    const { runBytes } = this.#parts.limits;
    if (others.length >= ARTIFACTS_MAX)
      return refused('FULL', `a run may have ${String(ARTIFACTS_MAX)} artifacts`, { limit: 'artifacts' });
    const sum = others.reduce((bytes, other) => bytes + other.sizeBytes, sizeBytes);
    if (sum <= runBytes) return null;
    return refused('FULL', `the artifacts of a run may have ${String(runBytes)} bytes`, { limit: 'run' });
  }

  async #drop(name: string, most: number, limit: 'artifact' | 'run'): Promise<HostAnswer> {
    const upload = this.#uploads.get(name);
    this.#uploads.delete(name);
    await upload?.upload.abort();
    return refused('FULL', `there is room for ${String(most)} bytes`, { limit });
  }

  async #get({ name, offset = 0 }: JsonObject, options: StoreOptions): Promise<HostAnswer> {
    if (typeof name !== 'string' || !ARTIFACT_NAME.test(name)) return invalid(BAD_NAME);
    if (!isPlace(offset)) return invalid('`offset` must be a whole number from 0');
    const { content, artifacts } = this.#parts;
    const all = await artifacts.list(this.#scope.runId, options);
    const artifact = all.find((one) => one.name === name);
    const bytes = artifact && (await content.read(artifact, offset, ARTIFACT_CHUNK_BYTES, options));
    if (artifact === undefined || bytes === undefined || bytes === null)
      return refused('NOT_FOUND', 'the run has no artifact of this name');
    const { contentType, sizeBytes, sha256 } = artifact;
    const chunk = Buffer.from(bytes).toString('base64');
    return answer({ contentType, sizeBytes, sha256, chunk, last: offset + bytes.length >= sizeBytes });
  }
}

function isPlace(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

const OVER = refused('CONFLICT', 'the invocation has ended');
const BAD_NAME = '`name` must be 1 to 128 letters, digits, `.`, `_`, `-`, beginning with a letter or digit';
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function readPiece({ name, contentType = UNKNOWN_TYPE, chunk = '', last = false }: JsonObject): Piece | HostAnswer {
  if (typeof name !== 'string' || !ARTIFACT_NAME.test(name)) return invalid(BAD_NAME);
  if (typeof contentType !== 'string' || !CONTENT_TYPE.test(contentType))
    return invalid('`contentType` must be a media type without parameters, like text/csv');
  if (typeof last !== 'boolean') return invalid('`last` must be true or false');
  const bytes = bytesOf(chunk);
  if (bytes === null) return invalid(`\`chunk\` must be base64 of at most ${String(ARTIFACT_CHUNK_BYTES)} bytes`);
  return { name, contentType, bytes, isLast: last };
}

function bytesOf(chunk: JsonValue): Uint8Array | null {
  if (typeof chunk !== 'string' || chunk.length % 4 !== 0 || !BASE64.test(chunk)) return null;
  const bytes = Buffer.from(chunk, 'base64');
  return bytes.length > ARTIFACT_CHUNK_BYTES ? null : bytes;
}

function answer(result: JsonObject): HostAnswer {
  return { kind: 'result', result };
}
