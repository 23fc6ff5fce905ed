// Places of concurrency keys: never more than there are, however many ask at once; runs without one are not claimed and block nobody.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import type { PlaceKey, PlaceStore } from '../../../src/core/ports/place-store.ts';
import type { Run } from '../../../src/core/run.ts';
import { buildRun, freshName, newRunId, newWorkerId, patient } from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

type Move = readonly [kind: 'take' | 'release', key: number, run: number];

const MOVES = fc.array(
  fc.tuple(fc.constantFrom('take' as const, 'take' as const, 'release' as const), fc.nat(1), fc.nat(5)),
  { minLength: 12, maxLength: 20 },
);

/** Makes the moves, some at once, and compares every answer that is certain with what a set of each key would say. */
async function play(places: PlaceStore, max: number, moves: readonly Move[]): Promise<void> {
  const keys = [0, 1].map((): PlaceKey => ({ pipeline: freshName('played'), key: 'k' }));
  const runs = Array.from({ length: 6 }, () => newRunId());
  for (let at = 0; at < moves.length; at += 4) {
    await Promise.all(moves.slice(at, at + 4).map((move) => make(move)));
    for (const key of keys) expect((await places.holdersOf(key, patient())).length).toBeLessThanOrEqual(max);
  }

  async function make([kind, key, run]: Move): Promise<void> {
    const [place, id] = [keys[key], runs[run]];
    if (place === undefined || id === undefined) return;
    if (kind === 'take') await places.take(place, id, max, patient());
    else await places.release(place, id, patient());
  }
}

function countContract(subject: StoreUnderTest): void {
  it('gives no more places than there are, and a run only one', async () => {
    const place = { pipeline: freshName('counted'), key: 'customer "7" $gt' };
    const { places } = subject.store();
    const runs = Array.from({ length: 12 }, () => newRunId());
    const taken = await Promise.all(runs.map((id) => places.take(place, id, 3, patient())));
    expect(taken.filter(Boolean)).toHaveLength(3);
    const holders = await places.holdersOf(place, patient());
    expect(holders.toSorted()).toEqual(runs.filter((_, index) => taken[index]).toSorted());
    const [first] = holders as [RunId];
    expect(await places.take(place, first, 3, patient())).toBe(true);
    expect(await places.holdersOf(place, patient())).toHaveLength(3);
    await places.release(place, first, patient());
    await places.release(place, first, patient());
    const late = newRunId();
    expect(await places.take(place, late, 3, patient())).toBe(true);
    expect(await places.take(place, first, 3, patient())).toBe(false);
    expect(await places.take({ ...place, key: '' }, first, 1, patient())).toBe(true);
  });

  it('never gives more, whatever is taken and given back in whatever order', async () => {
    const { places } = subject.store();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 }), MOVES, async (max, moves) => {
        await play(places, max, moves);
      }),
      { numRuns: 6 },
    );
  });

  it('lists keys with places in pages', async () => {
    const { places } = subject.store();
    const pipeline = freshName('paged');
    const runs = new Map(['a', 'b', 'c'].map((key) => [key, newRunId()]));
    for (const [key, id] of runs) await places.take({ pipeline, key }, id, 1, patient());
    await places.take({ pipeline, key: 'gone' }, newRunId(), 1, patient());
    for (const id of await places.holdersOf({ pipeline, key: 'gone' }, patient()))
      await places.release({ pipeline, key: 'gone' }, id, patient());
    const found: string[] = [];
    for (let after: PlaceKey | null = null; ;) {
      const page = await places.listHeld(after, 2, patient());
      for (const held of page) if (held.pipeline === pipeline) found.push(`${held.key}:${held.runIds.join()}`);
      after = page.at(-1) ?? null;
      if (after === null) break;
    }
    expect(found).toEqual([...runs].map(([key, id]) => `${key}:${id}`));
  });
}

function queueOfPlaces(subject: StoreUnderTest): void {
  const insertAll = async (...runs: readonly Run[]): Promise<void> => {
    for (const run of runs) await subject.store().insertRun(run, patient());
  };

  it('claims no run that needs a place before it is admitted, and counts it as queued', async () => {
    const pipeline = freshName('gated');
    const run = buildRun({ pipeline, concurrencyKey: 'k', needsPlace: true });
    await insertAll(run);
    const request = { worker: newWorkerId(), limit: 5, nowMs: 1000, pipelines: [pipeline] };
    expect(await subject.store().claimRuns(request, patient())).toEqual([]);
    expect(await subject.store().countQueued(pipeline, 5, patient())).toBe(1);
    const { places } = subject.store();
    expect(await places.admit({ ...run, epoch: 3 }, patient())).toBe(false);
    expect(await places.admit(run, patient())).toBe(true);
    expect(await places.admit(run, patient())).toBe(false);
    const admitted = { ...run, needsPlace: false };
    expect(await subject.store().findRun(run.id, patient())).toEqual(admitted);
    expect(await subject.store().claimRuns(request, patient())).toEqual([
      { ...admitted, state: 'running', worker: request.worker, epoch: 1 },
    ]);
    expect(await places.admit({ ...run, epoch: 1 }, patient())).toBe(false);
  });

  it('tells who waits for a place of a key by priority and age, until they are admitted or end', async () => {
    const { places } = subject.store();
    const pipeline = freshName('waiting');
    const common = { pipeline, concurrencyKey: 'k', needsPlace: true };
    const [old, young, urgent] = [buildRun(common), buildRun(common), buildRun({ ...common, priority: 7 })];
    const other = buildRun({ ...common, concurrencyKey: 'other' });
    await insertAll(young, old, urgent, other, buildRun({ pipeline, concurrencyKey: 'k' }));
    const place = { pipeline, key: 'k' };
    const ids = async (limit: number): Promise<readonly string[]> =>
      (await places.listWaiting(place, limit, patient())).map(({ id }) => id);
    expect(await ids(9)).toEqual([urgent.id, old.id, young.id]);
    expect(await ids(2)).toEqual([urgent.id, old.id]);
    await places.admit(urgent, patient());
    await subject.store().updateRun(old.id, { states: ['queued'] }, { state: 'cancelled' }, patient());
    expect(await ids(9)).toEqual([young.id]);
    await subject.store().updateRun(young.id, { states: ['queued'] }, { state: 'cancelled' }, patient());
    expect(await ids(9)).toEqual([]);
    expect(await places.statesOf([old.id, urgent.id, newRunId()], patient())).toEqual(
      new Map([
        [old.id, 'cancelled'],
        [urgent.id, 'queued'],
      ]),
    );
    expect(await places.statesOf([], patient())).toEqual(new Map());
  });

  it('lists each key that is waited for once, in pages', async () => {
    const { places } = subject.store();
    const pipeline = freshName('wanted');
    for (const key of ['b', 'a', 'b', 'c', 'a'])
      await insertAll(buildRun({ pipeline, concurrencyKey: key, needsPlace: true }));
    const found: string[] = [];
    for (let after: PlaceKey | null = null; ;) {
      const page: readonly PlaceKey[] = await places.listWanted(after, 2, patient());
      for (const place of page) if (place.pipeline === pipeline) found.push(place.key);
      after = page.at(-1) ?? null;
      if (after === null) break;
    }
    expect(found).toEqual(['a', 'b', 'c']);
  });
}

export function placeContract(subject: StoreUnderTest): void {
  describe('places', () => {
    countContract(subject);
    queueOfPlaces(subject);
  });
}
