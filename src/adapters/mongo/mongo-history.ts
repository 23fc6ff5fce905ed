// Invocations, payloads, events and log lines as documents. A large payload's chunks are written before its head, and the head names
// them by version: a reader sees the old text or the new, never a mixture.
import { createHash } from 'node:crypto';
import { Binary } from 'mongodb';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { LogLine } from '../../core/events.ts';
import type { InvocationId, RunId } from '../../core/ids.ts';
import type { Invocation, InvocationState } from '../../core/invocation.ts';
import type { InvocationChanges, LogFilter, StoredEvent, StoredLogLine } from '../../core/ports/store.ts';
import type { StoredDocument } from './document-map.ts';
import { EVENTS, INVOCATIONS, LOGS } from './documents.ts';
import { type MongoWriter, newToken } from './mongo-writer.ts';

const CHUNK_BYTES = 256 * 1024;
const CHUNKS_PER_COMMAND = 16;
const FIXED_FIELDS = ['id', 'runId', 'createdAtMs'] as const;
const SEQ_DIGITS = 12;

function payloadId(runId: RunId, name: string): string {
  return JSON.stringify([runId, name]);
}

function chunkIds(id: string, version: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${id}:${version}:${index}`);
}

export interface PayloadText {
  readonly runId: RunId;
  readonly name: string;
  readonly json: string;
}

/** The head of a payload that is small enough to stand in it. */
function headOf(id: string, runId: RunId, bytes: Buffer, text: string): StoredDocument {
  return { _id: id, runId, version: newToken(), chunks: 0, hash: sha256(bytes), sizeBytes: bytes.byteLength, text };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export class MongoHistory {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async insertInvocation(invocation: Invocation): Promise<void> {
    const document = { _id: invocation.id, ...INVOCATIONS.encode(invocation) };
    const outcome = await this.#writer.insert('invocations', document);
    if (outcome === 'duplicate') throw new GantryError('STORE_FAILED', `invocation ${invocation.id} stands already`);
  }

  /** One with the id that stands already stays as it is. */
  async keepInvocation(invocation: Invocation): Promise<void> {
    await this.#writer.insert('invocations', { _id: invocation.id, ...INVOCATIONS.encode(invocation) });
  }

  async updateInvocation(
    id: InvocationId,
    states: readonly InvocationState[],
    changes: InvocationChanges,
  ): Promise<boolean> {
    const set = INVOCATIONS.encodeChanges(changes, FIXED_FIELDS);
    return await this.#writer.update('invocations', { _id: id, state: { $in: [...states] } }, { $set: set });
  }

  async listInvocations(runId: RunId): Promise<readonly Invocation[]> {
    const found = await this.#writer
      .collection('invocations')
      .find({ runId })
      .sort({ createdAtMs: 1, _id: 1 })
      .toArray();
    return found.map((document) => INVOCATIONS.decode(document));
  }

  async putPayload(runId: RunId, name: string, json: string): Promise<void> {
    const id = payloadId(runId, name);
    const heads = this.#writer.collection('payloads');
    const before = await heads.findOne({ _id: id }, { projection: { version: 1, chunks: 1 } });
    const bytes = Buffer.from(json, 'utf8');
    const isSmall = bytes.byteLength <= CHUNK_BYTES;
    const chunks = isSmall ? 0 : Math.ceil(bytes.byteLength / CHUNK_BYTES);
    const version = newToken();
    await this.#putChunks(chunkIds(id, version, chunks), bytes);
    const head = { _id: id, runId, version, chunks, hash: sha256(bytes), sizeBytes: bytes.byteLength };
    await this.#writer.replace('payloads', { ...head, text: isSmall ? json : null });
    if (before === null) return;
    const old = chunkIds(id, String(before['version']), Number(before['chunks']));
    // Chunks that no head names only take room: losing this deletion loses no more than that.
    if (old.length > 0) await this.#chunks.deleteMany({ _id: { $in: old } }).catch(() => undefined);
  }

  /** Small ones that are new in one command for all; those that replace others in two more; large ones one by one. */
  async putPayloads(payloads: readonly PayloadText[]): Promise<void> {
    const small = payloads.filter(({ json }) => Buffer.byteLength(json) <= CHUNK_BYTES);
    for (const { runId, name, json } of payloads) {
      if (Buffer.byteLength(json) > CHUNK_BYTES) await this.putPayload(runId, name, json);
    }
    const heads = small.map(({ runId, name, json }) => headOf(payloadId(runId, name), runId, Buffer.from(json), json));
    const marked = heads.map((head) => ({ ...head, writeToken: newToken() }));
    const outcomes = await this.#writer.insertAll('payloads', marked);
    await this.#replaceHeads(heads.filter((_, index) => outcomes[index] === 'duplicate'));
  }

  async #replaceHeads(heads: readonly StoredDocument[]): Promise<void> {
    if (heads.length === 0) return;
    const before = await this.#writer
      .collection('payloads')
      .find({ _id: { $in: heads.map(({ _id }) => _id) } }, { projection: { version: 1, chunks: 1 } })
      .toArray();
    await this.#writer.replaceAll('payloads', heads);
    const old = before.flatMap((head) => chunkIds(head._id, String(head['version']), Number(head['chunks'])));
    if (old.length > 0) await this.#chunks.deleteMany({ _id: { $in: old } }).catch(() => undefined);
  }

  async findPayload(runId: RunId, name: string): Promise<string | null> {
    const id = payloadId(runId, name);
    let version = '';
    for (;;) {
      const head = await this.#writer.collection('payloads').findOne({ _id: id });
      if (head === null) return null;
      const bytes = await this.#bytesOf(id, head);
      if (bytes !== null && sha256(bytes) === head['hash']) return bytes.toString('utf8');
      // A writer may have put another version in place meanwhile; the same version twice is damage.
      if (head['version'] === version) break;
      version = String(head['version']);
    }
    throw new GantryError('STORE_FAILED', `payload ${name} of ${runId} does not fit its hash`);
  }

  async appendEvents(events: readonly StoredEvent[]): Promise<void> {
    const documents = events.map((event) => ({
      _id: `${event.runId}:${String(event.seq).padStart(SEQ_DIGITS, '0')}`,
      ...EVENTS.encode(event),
      writeToken: newToken(),
    }));
    await this.#writer.insertAll('events', documents);
  }

  async listEvents(runId: RunId, afterSeq: number, limit: number): Promise<readonly StoredEvent[]> {
    if (limit < 1) return [];
    const found = await this.#writer
      .collection('events')
      .find({ runId, seq: { $gt: afterSeq } })
      .sort({ seq: 1 })
      .limit(limit)
      .toArray();
    return found.map((document) => EVENTS.decode(document));
  }

  async lastEventSeq(runId: RunId): Promise<number> {
    const events = this.#writer.collection('events');
    const [last] = await events
      .find({ runId }, { projection: { seq: 1 } })
      .sort({ seq: -1 })
      .limit(1)
      .toArray();
    return Number(last?.['seq'] ?? 0);
  }

  async appendLogs(lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return;
    const counters = this.#writer.collection('counters');
    const update = { $inc: { value: lines.length } };
    const counter = await counters.findOneAndUpdate({ _id: 'logs' }, update, { upsert: true, returnDocument: 'after' });
    const first = Number(counter?.['value']) - lines.length + 1;
    const documents = lines.map((line, index) => ({
      _id: String(first + index).padStart(SEQ_DIGITS, '0'),
      ...LOGS.encode({ ...line, seq: first + index }),
      writeToken: newToken(),
    }));
    await this.#writer.insertAll('logs', documents);
  }

  async listLogs({ runId, plugin, afterSeq, limit }: LogFilter): Promise<readonly StoredLogLine[]> {
    if (limit < 1) return [];
    const query = { ...(runId === undefined ? {} : { runId }), ...(plugin === undefined ? {} : { plugin }) };
    const after = afterSeq === undefined ? {} : { seq: { $gt: afterSeq } };
    const found = await this.#writer
      .collection('logs')
      .find({ ...query, ...after })
      .sort({ seq: afterSeq === undefined ? -1 : 1 })
      .limit(limit)
      .toArray();
    const lines = found.map((document) => LOGS.decode(document));
    return afterSeq === undefined ? lines.reverse() : lines;
  }

  get #chunks(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection('payloadChunks');
  }

  async #putChunks(ids: readonly string[], bytes: Buffer): Promise<void> {
    for (let from = 0; from < ids.length; from += CHUNKS_PER_COMMAND) {
      const documents = ids.slice(from, from + CHUNKS_PER_COMMAND).map((_id, index) => {
        const start = (from + index) * CHUNK_BYTES;
        return { _id, bytes: new Binary(bytes.subarray(start, start + CHUNK_BYTES)), writeToken: newToken() };
      });
      await this.#writer.insertAll('payloadChunks', documents);
    }
  }

  /** Null when a chunk is missing. */
  async #bytesOf(id: string, head: StoredDocument): Promise<Buffer | null> {
    if (typeof head['text'] === 'string') return Buffer.from(head['text'], 'utf8');
    const parts: Uint8Array[] = [];
    for (const chunkId of chunkIds(id, String(head['version']), Number(head['chunks']))) {
      const chunk = await this.#chunks.findOne({ _id: chunkId });
      if (chunk === null) return null;
      parts.push((chunk['bytes'] as Binary).value());
    }
    return Buffer.concat(parts);
  }
}
