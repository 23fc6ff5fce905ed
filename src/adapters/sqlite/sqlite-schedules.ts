// The schedules of the embedded store, over its way to the database thread.
import type { ScheduleRecord, ScheduleStore } from '../../core/ports/schedule-store.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { OperationArguments, OperationName, OperationResult } from './operations.ts';
import { SCHEDULES } from './records.ts';

type Submit = <Name extends OperationName>(
  operation: Name,
  parameters: OperationArguments<Name>,
  options: StoreOptions,
) => Promise<OperationResult<Name>>;

export function sqliteSchedules(submit: Submit): ScheduleStore {
  return {
    list: async (options) => (await submit('listSchedules', [], options)).map((row) => SCHEDULES.decode(row)),
    find: async (id, options) => {
      const row = await submit('findSchedule', [id], options);
      return row === null ? null : SCHEDULES.decode(row);
    },
    insert: (record: ScheduleRecord, options) => submit('insertSchedule', [SCHEDULES.encode(record)], options),
    replace: (record, options) => submit('replaceSchedule', [SCHEDULES.encode(record)], options),
    remove: (id, revision, options) => submit('removeSchedule', [id, revision], options),
  };
}
