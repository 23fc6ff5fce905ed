// Writes what is held, group after group: when it has waited for its time, when there is much of it, or when someone wants to read it. A group
// is small, since the store's deadline is for all of it, and is given to the store slice by slice, since to encode it holds up the event loop.
// While the store is away its slices are tried again for as long as it takes; nothing that is held is given up before the end of the program.
import { setImmediate as turn } from 'node:timers/promises';
import { raced, within } from '../../core/deadline.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import { failpoint } from '../../core/failpoints.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { Store } from '../../core/ports/store.ts';
import type { Run } from '../../core/run.ts';
import { CHEAP_COMMANDS, type FlushSizes, GROUP_RUNS_MIN } from './flush-sizes.ts';
import type { Chain } from './forwarding-store.ts';

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 2_000;

/** A store that takes a group sooner than this gets a larger one next, where it may; one that takes longer than twice that, a smaller one. */
const GROUP_SOON_MS = 200;

/** A store that answers is never further behind: about a second of its work, which a reader waits for and a killed program loses. */
const BEHIND_RUNS_MAX = 2_000;

export interface Parcel {
  readonly chain: Chain;
  readonly run: Run;
}

type Slice = readonly Parcel[];

interface FailedSlice {
  readonly slice: Slice;
  readonly error: unknown;
}

export interface FlusherOptions {
  readonly store: Pick<Store, 'writeAll'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** the longest time that a record waits */
  readonly flushWithinMs: number;
  /** deadline of one try */
  readonly storeTimeoutMs: number;
  /** for a store to which a command costs little unless given */
  readonly sizes?: FlushSizes;
  /** how many runs have something to be stored now */
  count(): number;
  /** Hands over those that have waited longest. */
  take(atMost: number): readonly Parcel[];
  /** The group is stored. @param stale those of it that someone else had taken over */
  onStored(stale: readonly Parcel[]): void;
}

export class Flusher {
  readonly #options: FlusherOptions;
  readonly #stop = new AbortController();
  /** everything that was held when it began */
  #underWay: Promise<void> | null = null;
  /** its group of the moment */
  #group: Promise<void> | null = null;
  #groupRuns = GROUP_RUNS_MIN;
  #isTimed = false;
  #isAway = false;

  constructor(options: FlusherOptions) {
    this.#options = options;
  }

  /** True when the last try found no store. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** True when so much is held, though the store takes it, that new runs are to wait. */
  get isBehind(): boolean {
    return !this.#isAway && this.#options.count() >= BEHIND_RUNS_MAX;
  }

  get isUnderWay(): boolean {
    return this.#underWay !== null;
  }

  /** Something is held: it is stored within the time. */
  soon(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    void this.#later();
  }

  /** Stores at once unless a group is under way; then `soon` has it in hand. */
  hurry(): void {
    if (this.#underWay === null) void this.#begin();
  }

  /** Resolves when everything held at the time of the call is stored. @throws GantryError STORE_TIMEOUT */
  async flush(signal: AbortSignal): Promise<void> {
    await this.#within(signal, async () => {
      if (this.#underWay !== null) await raced(this.#underWay, signal);
      await raced(this.#underWay ?? this.#begin(), signal);
    });
  }

  async #within(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new GantryError('STORE_TIMEOUT', 'what is held could not be stored in time', { cause: error });
    }
  }

  /** Resolves when a group is stored. @throws GantryError STORE_TIMEOUT */
  async eased(signal: AbortSignal): Promise<void> {
    await this.#within(signal, async () => {
      if (this.#underWay === null) void this.#begin();
      await raced(this.#group ?? Promise.resolve(), signal);
    });
  }

  /** The last groups, tried no longer than the deadline of one operation. */
  async close(): Promise<void> {
    const { clock, logger, storeTimeoutMs } = this.#options;
    try {
      await within(clock, storeTimeoutMs, null, (signal) => this.flush(signal));
    } catch (error) {
      logger.log('error', 'records of runs are lost: the store did not take them', { cause: messageOf(error) });
    }
    this.#stop.abort();
    await this.#underWay;
  }

  async #later(): Promise<void> {
    const { clock, flushWithinMs } = this.#options;
    await clock.sleep(flushWithinMs, this.#stop.signal).catch(() => undefined);
    while (this.#underWay !== null) await this.#underWay;
    this.#isTimed = false;
    if (!this.#stop.signal.aborted) await this.#begin();
  }

  /** Never rejects. */
  async #begin(): Promise<void> {
    const count = this.#options.count();
    if (count === 0) return;
    this.#underWay = this.#storeAll(count).finally(() => {
      this.#underWay = null;
      this.#group = null;
    });
    await this.#underWay;
  }

  /** What is held later is not waited for: a reader must not wait for as long as others write. */
  async #storeAll(count: number): Promise<void> {
    const { clock } = this.#options;
    for (let left = count; left > 0 && !this.#stop.signal.aborted;) {
      const parcels = this.#options.take(Math.min(left, this.#groupRuns));
      if (parcels.length === 0) return;
      left -= parcels.length;
      const startedAtMs = clock.monotonicMs();
      this.#group = this.#store(parcels);
      await this.#group;
      this.#learn(clock.monotonicMs() - startedAtMs);
    }
  }

  #learn(durationMs: number): void {
    const { groupRunsMax } = this.#sizes;
    if (durationMs < GROUP_SOON_MS) this.#groupRuns = Math.min(groupRunsMax, this.#groupRuns * 2);
    else if (durationMs > 2 * GROUP_SOON_MS) this.#groupRuns = Math.max(GROUP_RUNS_MIN, Math.ceil(this.#groupRuns / 2));
  }

  get #sizes(): FlushSizes {
    return this.#options.sizes ?? CHEAP_COMMANDS;
  }

  async #store(parcels: readonly Parcel[]): Promise<void> {
    const { clock, logger } = this.#options;
    const bad: Parcel[] = [];
    let left = slicesOf(parcels, this.#sizes.sliceRuns);
    for (let pauseMs = FIRST_PAUSE_MS; left.length > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const failed = await this.#writeSlices(left, bad);
      left = failed.filter(({ error }) => isTransient(error)).map(({ slice }) => slice);
      this.#isAway = left.length > 0;
      for (const { slice, error } of failed) if (!isTransient(error)) bad.push(...(await this.#oneByOne(slice)));
      if (left.length === 0) break;
      const fields = { count: left.flat().length, pauseMs, cause: messageOf(failed[0]?.error) };
      logger.log('warn', 'records of runs wait for the store', fields);
      await clock.sleep(pauseMs, this.#stop.signal).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
    }
    this.#options.onStored(bad);
  }

  /** Each slice stands or falls alone. @param bad gets the parcels of runs that someone else had taken over */
  async #writeSlices(slices: readonly Slice[], bad: Parcel[]): Promise<readonly FailedSlice[]> {
    const failed: FailedSlice[] = [];
    const writing: Promise<void>[] = [];
    for (const slice of slices) {
      if (writing.length > 0) await turn();
      const onStale = (stale: readonly Parcel[]): void => {
        bad.push(...stale);
      };
      const onError = (error: unknown): void => {
        failed.push({ slice, error });
      };
      writing.push(this.#write(slice).then(onStale, onError));
    }
    await Promise.all(writing);
    return failed;
  }

  /** @returns the parcels of runs that someone else had taken over */
  async #write(parcels: readonly Parcel[]): Promise<readonly Parcel[]> {
    const { clock, store, storeTimeoutMs } = this.#options;
    const chains = parcels.map(({ chain }) => chain);
    failpoint('flush-due');
    const results = await within(clock, storeTimeoutMs, null, (signal) => store.writeAll(chains, { signal }));
    failpoint('flush-stored');
    return parcels.filter((_, index) => results[index] === false);
  }

  /** One of them is at fault, and must not take the others with it. */
  async #oneByOne(parcels: readonly Parcel[]): Promise<readonly Parcel[]> {
    const bad: Parcel[] = [];
    for (const parcel of parcels) {
      try {
        bad.push(...(await this.#write([parcel])));
      } catch (error) {
        bad.push(parcel);
        const fields = { runId: parcel.run.id, cause: messageOf(error) };
        this.#options.logger.log('error', 'records of a run were refused by the store', fields);
      }
    }
    return bad;
  }
}

function slicesOf(parcels: readonly Parcel[], runs: number): readonly Slice[] {
  const count = Math.ceil(parcels.length / runs);
  return Array.from({ length: count }, (_, index) => parcels.slice(index * runs, (index + 1) * runs));
}

function isTransient(error: unknown): error is GantryError {
  return error instanceof GantryError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_TIMEOUT');
}
