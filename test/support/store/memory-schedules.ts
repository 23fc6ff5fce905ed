// The schedules of the memory fake.
import type { ScheduleRecord, ScheduleStore } from '../../../src/core/ports/schedule-store.ts';
import type { StoreOptions } from '../../../src/core/ports/store.ts';

export type ScheduleOperation = `${'list' | 'find' | 'insert' | 'replace' | 'remove'}Schedule${'' | 's'}`;

/** @param perform runs the work as one operation of the store */
export function memorySchedules(
  perform: <T>(operation: ScheduleOperation, options: StoreOptions, work: () => T) => Promise<T>,
): ScheduleStore {
  const records = new Map<string, ScheduleRecord>();
  const isAt = (id: string, revision: number): boolean => records.get(id)?.revision === revision;
  return {
    list: (options) =>
      perform('listSchedules', options, () => [...records.values()].sort((a, b) => (a.id < b.id ? -1 : 1))),
    find: (id, options) => perform('findSchedule', options, () => records.get(id) ?? null),
    insert: (record, options) =>
      perform('insertSchedule', options, () => {
        if (records.has(record.id)) return false;
        records.set(record.id, { ...record });
        return true;
      }),
    replace: (record, options) =>
      perform('replaceSchedule', options, () => {
        if (!isAt(record.id, record.revision - 1)) return false;
        records.set(record.id, { ...record });
        return true;
      }),
    remove: (id, revision, options) =>
      perform('removeSchedule', options, () => isAt(id, revision) && records.delete(id)),
  };
}
