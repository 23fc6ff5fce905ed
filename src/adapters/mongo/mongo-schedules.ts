// Schedules as documents. Each write names the revision that it changes.
import type { ScheduleRecord, ScheduleStore } from '../../core/ports/schedule-store.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import { SCHEDULES } from './documents.ts';
import type { MongoWriter } from './mongo-writer.ts';

export class MongoSchedules {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async list(): Promise<readonly ScheduleRecord[]> {
    const found = await this.#schedules.find({}).sort({ _id: 1 }).toArray();
    return found.map((document) => SCHEDULES.decode(document));
  }

  async find(id: string): Promise<ScheduleRecord | null> {
    const found = await this.#schedules.findOne({ _id: id });
    return found === null ? null : SCHEDULES.decode(found);
  }

  async insert(record: ScheduleRecord): Promise<boolean> {
    const document = { _id: record.id, ...SCHEDULES.encode(record) };
    return (await this.#writer.insert('schedules', document)) === 'inserted';
  }

  async replace(record: ScheduleRecord): Promise<boolean> {
    const filter = { _id: record.id, revision: record.revision - 1 };
    return await this.#writer.update('schedules', filter, { $set: SCHEDULES.encode(record) });
  }

  async remove(id: string, revision: number): Promise<boolean> {
    const { deletedCount } = await this.#schedules.deleteOne({ _id: id, revision });
    return deletedCount === 1;
  }

  get #schedules(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection('schedules');
  }
}

type Work<T> = (session: { readonly schedules: MongoSchedules }) => Promise<T>;

/** The port over the store's way to its session: reads by `call`, writes in the order of their keys by `write`. */
export function mongoSchedules(
  call: <T>(operation: string, options: StoreOptions, work: Work<T>) => Promise<T>,
  write: <T>(operation: string, key: string, options: StoreOptions, work: Work<T>) => Promise<T>,
): ScheduleStore {
  return {
    list: (options) => call('listSchedules', options, ({ schedules }) => schedules.list()),
    find: (id, options) => call('findSchedule', options, ({ schedules }) => schedules.find(id)),
    insert: (record, options) =>
      write('insertSchedule', `schedule:${record.id}`, options, ({ schedules }) => schedules.insert(record)),
    replace: (record, options) =>
      write('replaceSchedule', `schedule:${record.id}`, options, ({ schedules }) => schedules.replace(record)),
    remove: (id, revision, options) =>
      write('removeSchedule', `schedule:${id}`, options, ({ schedules }) => schedules.remove(id, revision)),
  };
}
