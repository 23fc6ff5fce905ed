// Schedules: one record each, and of writers who start from the same revision exactly one succeeds.
import { describe, expect, it } from 'vitest';
import type { ScheduleStore } from '../../../src/core/ports/schedule-store.ts';
import { buildSchedule, newRunId, newWorkerId, patient } from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

export function scheduleContract(subject: StoreUnderTest): void {
  const store = (): ScheduleStore => subject.store().schedules;

  describe('schedules', () => {
    it('gives back each one as it was written, by id', async () => {
      const [first, second] = [buildSchedule(), buildSchedule({ nextAtMs: null, pausedAtMs: 7, pausedBy: 'api' })];
      expect(await store().insert(second, patient())).toBe(true);
      expect(await store().insert(first, patient())).toBe(true);
      const ids = [first.id, second.id];
      const ours = (await store().list(patient())).filter(({ id }) => ids.includes(id));
      expect(ours).toEqual([first, second].sort((a, b) => (a.id < b.id ? -1 : 1)));
      expect(await store().find(second.id, patient())).toEqual(second);
      expect(await store().find(`${second.id}x`, patient())).toBeNull();
    });

    it('keeps the one that stands when it is inserted again', async () => {
      const record = buildSchedule();
      await store().insert(record, patient());
      expect(await store().insert({ ...record, nextAtMs: 9 }, patient())).toBe(false);
      expect(await store().find(record.id, patient())).toEqual(record);
    });

    it('is changed from the revision before only, in every field', async () => {
      const record = buildSchedule();
      await store().insert(record, patient());
      const changed = {
        ...record,
        ...{ timing: 'other', decidedAtMs: 2, nextAtMs: null, startingAtMs: 3, startingBy: newWorkerId() },
        ...{ startingSinceMs: 4, lastTickAtMs: 5, lastRunId: newRunId(), pausedAtMs: 6, pausedBy: 'a $ü.' },
        revision: 1,
      };
      expect(await store().replace({ ...changed, revision: 2 }, patient())).toBe(false);
      expect(await store().replace(changed, patient())).toBe(true);
      expect(await store().replace({ ...record, revision: 1 }, patient())).toBe(false);
      expect(await store().find(record.id, patient())).toEqual(changed);
      expect(await store().replace(buildSchedule({ revision: 1 }), patient())).toBe(false);
    });

    it('lets one of many succeed who write from the same revision', async () => {
      const record = buildSchedule();
      await store().insert(record, patient());
      const writes = Array.from({ length: 8 }, (_, index) =>
        store().replace({ ...record, nextAtMs: index, revision: 1 }, patient()),
      );
      const results = await Promise.all(writes);
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await store().find(record.id, patient())).toMatchObject({ nextAtMs: results.indexOf(true), revision: 1 });
    });

    it('is removed at the revision given only', async () => {
      const record = buildSchedule({ revision: 3 });
      await store().insert(record, patient());
      expect(await store().remove(record.id, 2, patient())).toBe(false);
      expect(await store().remove(record.id, 3, patient())).toBe(true);
      expect(await store().remove(record.id, 3, patient())).toBe(false);
      expect(await store().find(record.id, patient())).toBeNull();
    });
  });
}
