// Places of concurrency keys: a run that has one may be claimed. One document per key holds the runs that have places, and every change of
// it is one conditional write, so that never more than `max` runs have one, from however many programs it is asked for at once.
import type { RunId } from '../ids.ts';
import type { Run, RunState } from '../run.ts';

/** As of every operation of the store. */
interface StoreOptions {
  readonly signal: AbortSignal;
}

/** Runs of one pipeline with the same key share its places. */
export interface PlaceKey {
  readonly pipeline: string;
  readonly key: string;
}

export interface HeldPlaces extends PlaceKey {
  /** runs that have a place, in no order */
  readonly runIds: readonly RunId[];
}

export interface PlaceStore {
  /** True when the run has a place now, also when it had one before. Never more than `max` have one by this. */
  take(place: PlaceKey, runId: RunId, max: number, options: StoreOptions): Promise<boolean>;
  /** Gives the run's place back; without one nothing changes. */
  release(place: PlaceKey, runId: RunId, options: StoreOptions): Promise<void>;
  /** The runs that have places under the key. */
  holdersOf(place: PlaceKey, options: StoreOptions): Promise<readonly RunId[]>;
  /** Lets a queued run be claimed that waits for a place (and has one by now). False: it is not queued any more, or may be claimed already. */
  admit(run: Run, options: StoreOptions): Promise<boolean>;
  /** Queued runs that wait for a place under the key, by (priority descending, age). */
  listWaiting(place: PlaceKey, limit: number, options: StoreOptions): Promise<readonly Run[]>;
  /** Keys with queued runs that wait for a place, in a fixed order, after the given one. */
  listWanted(after: PlaceKey | null, limit: number, options: StoreOptions): Promise<readonly PlaceKey[]>;
  /** Keys with runs that have places, in a fixed order, after the given one. */
  listHeld(after: PlaceKey | null, limit: number, options: StoreOptions): Promise<readonly HeldPlaces[]>;
  /** The states of those of the runs that are stored. */
  statesOf(runIds: readonly RunId[], options: StoreOptions): Promise<ReadonlyMap<RunId, RunState>>;
}
