// The face of the places to the program: each call bounded and, where it writes, one after another per key.
import type { RunId } from '../../core/ids.ts';
import type { HeldPlaces, PlaceKey, PlaceStore } from '../../core/ports/place-store.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { Run, RunState } from '../../core/run.ts';
import type { MongoPlaces } from './mongo-places.ts';

type Work<T> = (places: MongoPlaces) => Promise<T>;

export interface PlaceCalls {
  read<T>(operation: string, options: StoreOptions, work: Work<T>): Promise<T>;
  /** @param key writes of one key go one after another */
  write<T>(operation: string, key: string, options: StoreOptions, work: Work<T>): Promise<T>;
}

export class MongoPlaceStore implements PlaceStore {
  readonly #calls: PlaceCalls;

  constructor(calls: PlaceCalls) {
    this.#calls = calls;
  }

  async take(place: PlaceKey, runId: RunId, max: number, options: StoreOptions): Promise<boolean> {
    return await this.#calls.write('takePlace', keyOf(place), options, (places) => places.take(place, runId, max));
  }

  async release(place: PlaceKey, runId: RunId, options: StoreOptions): Promise<void> {
    await this.#calls.write('releasePlace', keyOf(place), options, (places) => places.release(place, runId));
  }

  async admit(run: Run, options: StoreOptions): Promise<boolean> {
    return await this.#calls.write('admitRun', run.id, options, (places) => places.admit(run));
  }

  async holdersOf(place: PlaceKey, options: StoreOptions): Promise<readonly RunId[]> {
    return await this.#calls.read('placeHolders', options, (places) => places.holdersOf(place));
  }

  async listWaiting(place: PlaceKey, limit: number, options: StoreOptions): Promise<readonly Run[]> {
    return await this.#calls.read('listWaiting', options, (places) => places.listWaiting(place, limit));
  }

  async listWanted(after: PlaceKey | null, limit: number, options: StoreOptions): Promise<readonly PlaceKey[]> {
    return await this.#calls.read('listWanted', options, (places) => places.listWanted(after, limit));
  }

  async listHeld(after: PlaceKey | null, limit: number, options: StoreOptions): Promise<readonly HeldPlaces[]> {
    return await this.#calls.read('listHeld', options, (places) => places.listHeld(after, limit));
  }

  async statesOf(runIds: readonly RunId[], options: StoreOptions): Promise<ReadonlyMap<RunId, RunState>> {
    return await this.#calls.read('runStates', options, (places) => places.statesOf(runIds));
  }
}

function keyOf({ pipeline, key }: PlaceKey): string {
  return `place:${pipeline}:${key}`;
}
