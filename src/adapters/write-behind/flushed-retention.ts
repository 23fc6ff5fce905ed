// `store.retention` over records that are held: what is held is stored first, so that nothing of a removed run comes after it.
import type { Retention } from '../../core/ports/retention.ts';
import type { Options } from './forwarding-store.ts';

/** @param inner asked for at each call: the store may be opened later */
export function flushedRetention(inner: () => Retention, flush: (options: Options) => Promise<void>): Retention {
  async function flushed<T>(options: Options, work: (retention: Retention) => Promise<T>): Promise<T> {
    await flush(options);
    return await work(inner());
  }
  return {
    listNames: (of, after, limit, options) => flushed(options, (one) => one.listNames(of, after, limit, options)),
    listEndedRuns: (query, options) => flushed(options, (one) => one.listEndedRuns(query, options)),
    removeRun: (id, atMost, options) => flushed(options, (one) => one.removeRun(id, atMost, options)),
    removePart: (query, options) => flushed(options, (one) => one.removePart(query, options)),
    removeLogs: (query, options) => flushed(options, (one) => one.removeLogs(query, options)),
    listOldVersions: (query, options) => inner().listOldVersions(query, options),
    removeVersions: (of, ids, options) => inner().removeVersions(of, ids, options),
  };
}
