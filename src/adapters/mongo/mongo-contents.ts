// Bytes of artifacts, equal bytes once for all runs. A content (by its hash) names the blob whose chunks hold the bytes; who has it is a document
// per run, its holder. There is no atomicity across documents, so: a holder stands before the content is looked at, and lifts any suspicion
// of it; one that is to go is marked, then the content is suspected, and it is removed only while the same suspicion stands and no holder is
// without a mark; the holder goes last. So whoever marks last finds nobody else. What is interrupted has left a holder with a mark, or a blob
// that is pending, and both are found by their age (`tidy`).
import { Binary } from 'mongodb';
import type { RunId } from '../../core/ids.ts';
import { newToken, type MongoWriter } from './mongo-writer.ts';

const CONTENTS = 'artifactContents';
const BLOBS = 'artifactBlobs';
const CHUNKS = 'artifactChunks';
const HOLDERS = 'artifactHolders';

const LEAVING_FOR_MS = 60_000;
/** No upload lasts as long. */
const PENDING_FOR_MS = 86_400_000;
/** In the place of the time since which a blob is pending: it is being removed. */
const LEAVING = 0;
/** In the place of the time since which a holder is to go. */
const STAYS = 0;
const TIDY_MAX = 100;
const CHUNKS_PER_COMMAND = 500;
/** Rivals that may remove a content between two looks. */
const ATTEMPTS = 20;

export interface Blob {
  readonly id: string;
  readonly sizeBytes: number;
  /** of each chunk but the last */
  readonly chunkBytes: number;
}

/** What became of a run's wish: it has the blob that it brought, or one that stood already; or there is none yet, and none was brought. */
export type Adoption = 'own' | 'shared' | 'absent';

export class MongoContents {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async beginBlob(blob: string, nowMs: number): Promise<void> {
    await this.#writer.insert(BLOBS, { _id: blob, pendingSinceMs: nowMs });
  }

  async putChunk(blob: string, index: number, bytes: Uint8Array): Promise<void> {
    await this.#writer.replace(CHUNKS, { _id: chunkId(blob, index), bytes: new Binary(bytes) });
  }

  /** False: it was given up for lost meanwhile. */
  async completeBlob(blob: string, sha256: string, nowMs: number): Promise<boolean> {
    const filter = { _id: blob, pendingSinceMs: { $gt: LEAVING } };
    return await this.#writer.update(BLOBS, filter, { $set: { sha256, pendingSinceMs: nowMs } });
  }

  /** @param blob complete; null: only a content that stands will do */
  async adopt(runId: RunId, sha256: string, blob: Blob | null): Promise<Adoption> {
    await this.#writer.replace(HOLDERS, { _id: holderId(runId, sha256), sha256, leavingSinceMs: STAYS });
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await this.#writer.update(CONTENTS, { _id: sha256 }, LIFTED)) return 'shared';
      if (blob === null) return 'absent';
      const { id, ...size } = blob;
      if ((await this.#writer.insert(CONTENTS, { _id: sha256, blob: id, ...size })) === 'duplicate') continue;
      await this.#writer.update(BLOBS, { _id: id }, { $unset: { pendingSinceMs: '' } });
      return 'own';
    }
    throw new Error(`the content ${sha256} comes and goes`);
  }

  async dropBlob(blob: string): Promise<void> {
    const chunks = this.#writer.collection(CHUNKS);
    for (;;) {
      const filter = { _id: { $gte: `${blob}/`, $lt: `${blob}0` } };
      const found = await chunks
        .find(filter, { projection: { _id: 1 } })
        .limit(CHUNKS_PER_COMMAND)
        .toArray();
      if (found.length > 0) await chunks.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
      if (found.length < CHUNKS_PER_COMMAND) break;
    }
    await this.#writer.collection(BLOBS).deleteOne({ _id: blob });
  }

  async isHeld(runId: RunId, sha256: string): Promise<boolean> {
    const holder = await this.#writer.collection(HOLDERS).findOne({ _id: holderId(runId, sha256) });
    return holder !== null;
  }

  /** Null: the run does not have it. Empty: there is nothing so far behind. */
  async read(runId: RunId, sha256: string, offset: number, length: number): Promise<Uint8Array | null> {
    if (!(await this.isHeld(runId, sha256))) return null;
    const content = await this.#writer.collection(CONTENTS).findOne({ _id: sha256 });
    if (content === null) return null;
    const end = Math.min(Number(content['sizeBytes']), offset + length);
    const chunkBytes = Number(content['chunkBytes']);
    const parts: Uint8Array[] = [];
    for (let at = offset; at < end;) {
      const _id = chunkId(String(content['blob']), Math.floor(at / chunkBytes));
      const chunk = await this.#writer.collection(CHUNKS).findOne({ _id });
      if (chunk === null) return null;
      const from = at % chunkBytes;
      const bytes = (chunk['bytes'] as Binary).value().subarray(from, from + end - at);
      if (bytes.length === 0) return null;
      parts.push(bytes);
      at += bytes.length;
    }
    return Buffer.concat(parts);
  }

  /** Takes contents away from a run, at most so many, and removes those that nobody has any more. @returns how many it had of them */
  async release(runId: RunId, atMost: number, nowMs: number): Promise<number> {
    const holders = this.#writer.collection(HOLDERS);
    const own = await holders
      .find({ _id: { $gte: `${runId}/`, $lt: `${runId}0` } })
      .limit(atMost)
      .toArray();
    for (const { _id, sha256 } of own) await this.#dismiss(_id, String(sha256), nowMs);
    return own.length;
  }

  /** Ends what was interrupted, at most so much of each kind. */
  async tidy(nowMs: number): Promise<void> {
    const leaving = await this.#writer
      .collection(HOLDERS)
      .find({ leavingSinceMs: { $gt: STAYS, $lt: nowMs - LEAVING_FOR_MS } })
      .limit(TIDY_MAX)
      .toArray();
    for (const { _id, sha256 } of leaving) await this.#dismiss(_id, String(sha256), nowMs);
    const pending = await this.#writer
      .collection(BLOBS)
      .find({ pendingSinceMs: { $lt: nowMs - PENDING_FOR_MS } })
      .limit(TIDY_MAX)
      .toArray();
    for (const { _id, sha256, pendingSinceMs } of pending) await this.#judgeBlob(_id, sha256, Number(pendingSinceMs));
  }

  async #dismiss(holder: string, sha256: string, nowMs: number): Promise<void> {
    if (!(await this.#writer.update(HOLDERS, { _id: holder }, { $set: { leavingSinceMs: nowMs } }))) return;
    const suspect = newToken();
    if (await this.#writer.update(CONTENTS, { _id: sha256 }, { $set: { suspect } }))
      await this.#judge({ _id: sha256, suspect }, nowMs);
    await this.#writer.collection(HOLDERS).deleteOne({ _id: holder, leavingSinceMs: { $gt: STAYS } });
  }

  /** Removes a content that nobody has, unless someone came since it was suspected. */
  async #judge(suspected: { readonly _id: string; readonly suspect: string }, nowMs: number): Promise<void> {
    const contents = this.#writer.collection(CONTENTS);
    const content = await contents.findOne(suspected);
    const others = { sha256: suspected._id, leavingSinceMs: STAYS };
    if (content === null || (await this.#writer.collection(HOLDERS).findOne(others)) !== null) return;
    const blob = String(content['blob']);
    // So that its chunks are found when this ends behind the next line.
    await this.#writer.update(BLOBS, { _id: blob }, { $set: { pendingSinceMs: nowMs } });
    const { deletedCount } = await contents.deleteOne(suspected);
    if (deletedCount === 1) await this.dropBlob(blob);
  }

  async #judgeBlob(blob: string, sha256: unknown, pendingSinceMs: number): Promise<void> {
    const own = { _id: blob, pendingSinceMs };
    const content =
      typeof sha256 === 'string' ? await this.#writer.collection(CONTENTS).findOne({ _id: sha256 }) : null;
    if (content?.['blob'] === blob) await this.#writer.update(BLOBS, own, { $unset: { pendingSinceMs: '' } });
    else if (await this.#writer.update(BLOBS, own, { $set: { pendingSinceMs: LEAVING } })) await this.dropBlob(blob);
  }
}

const LIFTED = { $unset: { suspect: '' } };

function holderId(runId: RunId, sha256: string): string {
  return `${runId}/${sha256}`;
}

function chunkId(blob: string, index: number): string {
  return `${blob}/${String(index)}`;
}
