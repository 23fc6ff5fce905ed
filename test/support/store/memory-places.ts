// Places of concurrency keys of the memory fake, over the runs that it is given.
import type { RunId } from '../../../src/core/ids.ts';
import type { HeldPlaces, PlaceKey, PlaceStore } from '../../../src/core/ports/place-store.ts';
import type { StoreOptions } from '../../../src/core/ports/store.ts';
import type { Run, RunState } from '../../../src/core/run.ts';

type Perform = <T>(options: StoreOptions, work: () => T) => Promise<T>;

export class MemoryPlaces implements PlaceStore {
  readonly #runs: Map<RunId, Run>;
  readonly #perform: Perform;
  readonly #held = new Map<string, { readonly place: PlaceKey; readonly runIds: Set<RunId> }>();

  constructor(runs: Map<RunId, Run>, perform: Perform) {
    this.#runs = runs;
    this.#perform = perform;
  }

  async take(place: PlaceKey, runId: RunId, max: number, options: StoreOptions): Promise<boolean> {
    return await this.#perform(options, () => {
      const held = this.#held.get(textOf(place)) ?? { place, runIds: new Set<RunId>() };
      if (held.runIds.has(runId)) return true;
      if (held.runIds.size >= max) return false;
      held.runIds.add(runId);
      this.#held.set(textOf(place), held);
      return true;
    });
  }

  async release(place: PlaceKey, runId: RunId, options: StoreOptions): Promise<void> {
    await this.#perform(options, () => {
      const held = this.#held.get(textOf(place));
      held?.runIds.delete(runId);
      if (held?.runIds.size === 0) this.#held.delete(textOf(place));
    });
  }

  async holdersOf(place: PlaceKey, options: StoreOptions): Promise<readonly RunId[]> {
    return await this.#perform(options, () => [...(this.#held.get(textOf(place))?.runIds ?? [])]);
  }

  async admit({ id, epoch }: Run, options: StoreOptions): Promise<boolean> {
    return await this.#perform(options, () => {
      const run = this.#runs.get(id);
      if (run?.state !== 'queued' || run.epoch !== epoch || !run.needsPlace) return false;
      this.#runs.set(id, { ...run, needsPlace: false });
      return true;
    });
  }

  async listWaiting(place: PlaceKey, limit: number, options: StoreOptions): Promise<readonly Run[]> {
    return await this.#perform(options, () =>
      this.#waiting()
        .filter(({ pipeline, concurrencyKey }) => pipeline === place.pipeline && concurrencyKey === place.key)
        .sort((a, b) => b.priority - a.priority || (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    );
  }

  async listWanted(after: PlaceKey | null, limit: number, options: StoreOptions): Promise<readonly PlaceKey[]> {
    return await this.#perform(options, () => {
      const keys = this.#waiting().map(({ pipeline, concurrencyKey }) => ({ pipeline, key: concurrencyKey ?? '' }));
      return pageOf([...new Map(keys.map((key) => [textOf(key), key])).values()], (key) => key, after, limit);
    });
  }

  async listHeld(after: PlaceKey | null, limit: number, options: StoreOptions): Promise<readonly HeldPlaces[]> {
    return await this.#perform(options, () => {
      const held = [...this.#held.values()].map(({ place, runIds }) => ({ ...place, runIds: [...runIds] }));
      return pageOf(held, (one) => one, after, limit);
    });
  }

  async statesOf(runIds: readonly RunId[], options: StoreOptions): Promise<ReadonlyMap<RunId, RunState>> {
    return await this.#perform(options, () => {
      const found = runIds.map((id) => this.#runs.get(id)).filter((run) => run !== undefined);
      return new Map(found.map(({ id, state }) => [id, state]));
    });
  }

  #waiting(): Run[] {
    return [...this.#runs.values()].filter(({ state, needsPlace }) => state === 'queued' && needsPlace);
  }
}

function textOf({ pipeline, key }: PlaceKey): string {
  return JSON.stringify([pipeline, key]);
}

function pageOf<T>(all: T[], keyOf: (one: T) => PlaceKey, after: PlaceKey | null, limit: number): T[] {
  const from = after === null ? '' : textOf(after);
  return all
    .filter((one) => textOf(keyOf(one)) > from)
    .sort((a, b) => (textOf(keyOf(a)) < textOf(keyOf(b)) ? -1 : 1))
    .slice(0, limit);
}
