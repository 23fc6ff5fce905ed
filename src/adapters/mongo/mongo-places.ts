// Places of concurrency keys as documents: one per key, with the runs that have places and their number. Taking and giving back are single
// conditional updates; what was asked when an acknowledgement was lost is read again, and all of it may be asked twice.
import type { Document } from 'mongodb';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { RunId } from '../../core/ids.ts';
import type { HeldPlaces, PlaceKey } from '../../core/ports/place-store.ts';
import type { Run, RunState } from '../../core/run.ts';
import { RUNS } from './documents.ts';
import { isRefusal, mongoError } from './mongo-error.ts';
import type { MongoWriter } from './mongo-writer.ts';
import { queueFields, wantedPlace } from './queue-fields.ts';

/** Other programs may change the document between two looks at it. */
const TAKE_ATTEMPTS = 20;

export class MongoPlaces {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async take(place: PlaceKey, runId: RunId, max: number): Promise<boolean> {
    const id = wantedPlace(place);
    for (let attempt = 0; attempt < TAKE_ATTEMPTS; attempt += 1) {
      const standing = await this.#places.findOne({ _id: id });
      if (standing !== null && holdersIn(standing).includes(runId)) return true;
      if (standing === null ? max < 1 : Number(standing['held']) >= max) return false;
      if (standing === null) await this.#writer.insert('places', { _id: id, ...place, holders: [runId], held: 1 });
      else await this.#push(id, runId, max);
      // Whether it is in is read, not believed: an acknowledgement may be lost, and a new document may be somebody else's.
    }
    throw new GantryError('STORE_UNAVAILABLE', `store: the places of ${id} are changed from too many programs at once`);
  }

  async release(place: PlaceKey, runId: RunId): Promise<void> {
    const _id = wantedPlace(place);
    await this.#places.updateOne({ _id, holders: runId }, {
      $pull: { holders: runId },
      $inc: { held: -1 },
    } as Document);
    await this.#places.deleteOne({ _id, held: 0 });
  }

  async holdersOf(place: PlaceKey): Promise<readonly RunId[]> {
    const standing = await this.#places.findOne({ _id: wantedPlace(place) });
    return standing === null ? [] : holdersIn(standing);
  }

  async admit(run: Run): Promise<boolean> {
    const { q } = queueFields({ ...run, needsPlace: false });
    const filter = { _id: run.id, state: 'queued', epoch: run.epoch, needsPlace: true };
    return await this.#writer.update('runs', filter, {
      $set: { needsPlace: false, q: q as string },
      $unset: { p: '' },
    });
  }

  async listWaiting(place: PlaceKey, limit: number): Promise<readonly Run[]> {
    const found = await this.#runs
      .find({ p: wantedPlace(place) })
      .sort({ priority: -1, _id: 1 })
      .limit(limit)
      .toArray();
    return found.map((document) => RUNS.decode(document));
  }

  async listWanted(after: PlaceKey | null, limit: number): Promise<readonly PlaceKey[]> {
    const keys: PlaceKey[] = [];
    for (let from = after === null ? '' : wantedPlace(after); keys.length < limit;) {
      const [next] = await this.#runs
        .find({ p: { $gt: from } }, { projection: { p: 1, pipeline: 1, concurrencyKey: 1 } })
        .sort({ p: 1 })
        .limit(1)
        .toArray();
      if (next === undefined) break;
      keys.push({ pipeline: String(next['pipeline']), key: String(next['concurrencyKey']) });
      from = String(next['p']);
    }
    return keys;
  }

  async listHeld(after: PlaceKey | null, limit: number): Promise<readonly HeldPlaces[]> {
    const from = after === null ? '' : wantedPlace(after);
    const found = await this.#places
      .find({ _id: { $gt: from }, held: { $gt: 0 } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray();
    return found.map((document) => ({
      pipeline: String(document['pipeline']),
      key: String(document['key']),
      runIds: holdersIn(document),
    }));
  }

  async statesOf(runIds: readonly RunId[]): Promise<ReadonlyMap<RunId, RunState>> {
    const found = await this.#runs.find({ _id: { $in: [...runIds] } }, { projection: { state: 1 } }).toArray();
    return new Map(found.map(({ _id, state }) => [_id as RunId, state as RunState]));
  }

  async #push(id: string, runId: RunId, max: number): Promise<void> {
    const hasRoom = { _id: id, held: { $lt: max }, holders: { $ne: runId } };
    try {
      await this.#places.updateOne(hasRoom, { $push: { holders: runId }, $inc: { held: 1 } } as Document);
    } catch (error) {
      if (isRefusal(error)) throw mongoError(error);
    }
  }

  get #places(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection('places');
  }

  get #runs(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection('runs');
  }
}

function holdersIn(document: Document): readonly RunId[] {
  return (document['holders'] as RunId[] | undefined) ?? [];
}
