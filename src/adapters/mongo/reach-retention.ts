// `store.retention` on MongoDB: each operation by way of the store, which knows deadlines and the order of writes.
import type { Retention } from '../../core/ports/retention.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { MongoSession } from './mongo-session.ts';

/** Does work on the open session. @param key writes of one key go one after another; null: a read */
type Reach = <T>(
  operation: string,
  key: string | null,
  options: StoreOptions,
  work: (session: MongoSession) => Promise<T>,
) => Promise<T>;

export function reachRetention(reach: Reach): Retention {
  return {
    listNames: (of, after, limit, options) =>
      reach('listNames', null, options, ({ retention }) => retention.listNames(of, after, limit)),
    listEndedRuns: (query, options) =>
      reach('listEndedRuns', null, options, ({ retention }) => retention.listEndedRuns(query)),
    removeRun: (id, atMost, options) =>
      reach('removeRun', id, options, ({ retention }) => retention.removeRun(id, atMost)),
    removePart: (query, options) =>
      reach('removePart', query.runId, options, ({ retention }) => retention.removePart(query)),
    removeLogs: (query, options) =>
      reach('removeLogs', 'oldLogs', options, ({ retention }) => retention.removeLogs(query)),
    listOldVersions: (query, options) =>
      reach('listOldVersions', null, options, ({ retention }) => retention.listOldVersions(query)),
    removeVersions: (of, ids, options) =>
      reach('removeVersions', 'oldVersions', options, ({ retention }) => retention.removeVersions(of, ids)),
  };
}
