// Records of workers: the dead go after a day, the living and those that only a moment ago were silent stay.
import { expect, it } from 'vitest';
import { DAY_MS, recordSweeper } from '../../support/retention/record-world.ts';
import { newWorkerId, patient, testClock } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

it('removes the record of a worker a day after its last beat', async () => {
  const store = new MemoryStore();
  const nowMs = testClock.nowMs();
  const beats = [nowMs - 2 * DAY_MS, nowMs - DAY_MS / 2, nowMs];
  const workers = beats.map((beatAtMs) => ({ id: newWorkerId(), startedAtMs: 1, beatAtMs }));
  for (const worker of workers) await store.putWorker(worker, patient());
  const { sweeper } = recordSweeper(store);
  await sweeper.sweep({ isDryRun: true }, new AbortController().signal);
  expect(await store.listWorkers(patient())).toHaveLength(3);
  await sweeper.sweep({ isDryRun: false }, new AbortController().signal);
  const left = (await store.listWorkers(patient())).map(({ id }) => id);
  expect(left.toSorted()).toEqual(
    workers
      .slice(1)
      .map(({ id }) => id)
      .toSorted(),
  );
});
