// Which runs of a concurrency key may be claimed. A run gets its place before it is admitted to the queue and keeps it until it has ended,
// also while it is waiting or is queued again: so never more than `max` are under way, whoever claims them. Nobody has to be told of a free
// place: whoever ends a run admits the next one, and a sweep makes up for programs that died between two of these steps.
import { messageOf } from '../../core/errors/gantry-error.ts';
import type { RunId } from '../../core/ids.ts';
import type { HeldPlaces, PlaceKey, PlaceStore } from '../../core/ports/place-store.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import { isTerminal, type Run } from '../../core/run.ts';
import { tryOnce } from '../records/persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

/** Runs that are looked at together. */
const BATCH = 16;
/** Keys that one sweep looks at; the next one goes on behind them. */
const SWEPT_KEYS = 200;
/** A place whose run is not in the store is given back when it was seen so for this long: the run may be on its way into the store. */
const UNSTORED_MS = 60_000;

export class RunPlaces {
  readonly #ports: Pick<RunPorts, 'store' | 'clock' | 'logger' | 'pipelines'>;
  readonly #settings: RunSettings;
  readonly #onAdmitted: () => void;
  /** keys that are being filled; true: once more after that */
  readonly #filling = new Map<string, boolean>();
  readonly #underWay = new Set<Promise<void>>();
  /** holders that are not in the store, and since when (monotonic) */
  readonly #unstored = new Map<RunId, number>();
  #isSweeping = false;
  #heldAfter: PlaceKey | null = null;
  #wantedAfter: PlaceKey | null = null;

  /** @param onAdmitted called when a run may be claimed that might not before */
  constructor(
    ports: Pick<RunPorts, 'store' | 'clock' | 'logger' | 'pipelines'>,
    settings: RunSettings,
    onAdmitted: () => void,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#onAdmitted = onAdmitted;
  }

  /** Takes a place for a run that is not stored yet. @throws GantryError of the store */
  async take(place: PlaceKey, runId: RunId): Promise<boolean> {
    return await this.#ask('takePlace', (places, options) =>
      places.take(place, runId, this.#maxOf(place.pipeline), options),
    );
  }

  /** Admits runs that wait under the key, as far as there are places: in the background, what fails is made up for by the sweep. */
  admit(place: PlaceKey): void {
    const text = `${place.pipeline}\n${place.key}`;
    const isFilling = this.#filling.has(text);
    this.#filling.set(text, isFilling);
    if (!isFilling) this.#inBackground(this.#fillAll(place, text));
  }

  /** Gives the place of a run that has ended to the next one. */
  release(run: Run): void {
    const place = placeOf(run);
    if (place !== null && isTerminal(run.state)) this.#inBackground(this.#giveOn(place, run.id));
  }

  /** Gives back a place that was taken for a run that does not come. */
  giveBack(place: PlaceKey, runId: RunId): void {
    this.#inBackground(this.#giveOn(place, runId));
  }

  /** Gives back the places of runs that have ended or never came, and admits who waits for one: in the background. */
  sweep(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    const swept = this.#sweepKeys().finally(() => {
      this.#isSweeping = false;
    });
    this.#inBackground(swept);
  }

  async #sweepKeys(): Promise<void> {
    const held = await this.#ask('listHeld', (places, options) =>
      places.listHeld(this.#heldAfter, SWEPT_KEYS, options),
    );
    this.#heldAfter = held.length < SWEPT_KEYS ? null : (held.at(-1) ?? null);
    for (const one of held) await this.#sweepKey(one);
    const wanted = await this.#ask('listWanted', (places, options) =>
      places.listWanted(this.#wantedAfter, SWEPT_KEYS, options),
    );
    this.#wantedAfter = wanted.length < SWEPT_KEYS ? null : (wanted.at(-1) ?? null);
    for (const place of wanted) this.admit(place);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #sweepKey({ runIds, ...place }: HeldPlaces): Promise<void> {
    const states = await this.#ask('runStates', (places, options) => places.statesOf(runIds, options));
    for (const runId of runIds) {
      const state = states.get(runId);
      const isOver = state === undefined ? this.#isUnstoredForLong(runId) : isTerminal(state);
      if (state !== undefined) this.#unstored.delete(runId);
      if (isOver) await this.#giveOn(place, runId);
    }
  }

  #isUnstoredForLong(runId: RunId): boolean {
    const nowMs = this.#ports.clock.monotonicMs();
    const sinceMs = this.#unstored.get(runId) ?? nowMs;
    const isLong = nowMs - sinceMs >= UNSTORED_MS;
    if (isLong) this.#unstored.delete(runId);
    else this.#unstored.set(runId, sinceMs);
    return isLong;
  }

  async #giveOn(place: PlaceKey, runId: RunId): Promise<void> {
    await this.#ask('releasePlace', (places, options) => places.release(place, runId, options));
    this.admit(place);
  }

  async #fillAll(place: PlaceKey, text: string): Promise<void> {
    try {
      do {
        this.#filling.set(text, false);
        while (await this.#fill(place)) this.#onAdmitted();
      } while (this.#filling.get(text) === true);
    } finally {
      this.#filling.delete(text);
    }
  }

  /** @returns true when a run was admitted: then there may be more */
  async #fill(place: PlaceKey): Promise<boolean> {
    const waiting = await this.#ask('listWaiting', (places, options) => places.listWaiting(place, BATCH, options));
    let hasAdmitted = false;
    for (const run of waiting) {
      if (!(await this.take(place, run.id))) return hasAdmitted;
      if (await this.#ask('admitRun', (places, options) => places.admit(run, options))) hasAdmitted = true;
      else await this.#giveBackIfEnded(place, run.id);
    }
    return hasAdmitted;
  }

  /** Somebody else admitted the run, or ended it, since we saw it waiting. */
  async #giveBackIfEnded(place: PlaceKey, runId: RunId): Promise<void> {
    const states = await this.#ask('runStates', (places, options) => places.statesOf([runId], options));
    const state = states.get(runId);
    if (state !== undefined && isTerminal(state))
      await this.#ask('releasePlace', (places, options) => places.release(place, runId, options));
  }

  /** Where a pipeline has no bound any more, who waits under an earlier one is let in. */
  #maxOf(pipeline: string): number {
    return this.#ports.pipelines().get(pipeline)?.concurrency?.max ?? Number.MAX_SAFE_INTEGER;
  }

  #inBackground(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => {
        this.#ports.logger.log('warn', 'places of a concurrency key wait for the sweep', { cause: messageOf(error) });
      })
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  async #ask<T>(operation: string, work: (places: PlaceStore, options: StoreOptions) => Promise<T>): Promise<T> {
    const { store } = this.#ports;
    return await tryOnce({ ...this.#ports, ...this.#settings }, operation, (options) => work(store.places, options));
  }
}

/** Null: the run needs none. */
export function placeOf({ pipeline, concurrencyKey }: Pick<Run, 'pipeline' | 'concurrencyKey'>): PlaceKey | null {
  return concurrencyKey === null ? null : { pipeline, key: concurrencyKey };
}
