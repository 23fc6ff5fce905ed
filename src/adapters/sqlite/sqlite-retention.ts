// `store.retention` of the embedded store: hands the operations to the database's thread.
import { formatId, type RunId } from '../../core/ids.ts';
import type * as port from '../../core/ports/retention.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { CallOperation } from './operations.ts';

const NO_RANDOM = new Uint8Array(10);

export class SqliteRetention implements port.Retention {
  readonly #call: CallOperation;

  constructor(call: CallOperation) {
    this.#call = call;
  }

  async listNames(
    of: 'runs' | port.Versioned,
    after: string | null,
    limit: number,
    options: StoreOptions,
  ): Promise<readonly string[]> {
    return await this.#call('listNames', [of, after ?? '', limit], options);
  }

  async listEndedRuns(query: port.EndedQuery, options: StoreOptions): Promise<readonly port.EndedRun[]> {
    const bound = formatId('run', query.endedBeforeMs, NO_RANDOM);
    const rows = await this.#call('listEndedRuns', [{ ...query, after: query.after ?? '', bound }], options);
    return rows.map(({ id, state, finishedAtMs }) => ({ id, state, finishedAtMs }) as unknown as port.EndedRun);
  }

  async removeRun(id: RunId, atMost: number, options: StoreOptions): Promise<port.RunRemoval> {
    return await this.#call('removeRun', [id, atMost], options);
  }

  async removePart(query: port.RunPartQuery, options: StoreOptions): Promise<number> {
    return await this.#call('removePart', [query], options);
  }

  async removeLogs(query: port.OldLogsQuery, options: StoreOptions): Promise<port.OldLogsRemoval> {
    return await this.#call('removeLogs', [query], options);
  }

  async listOldVersions(query: port.OldVersionsQuery, options: StoreOptions): Promise<readonly string[]> {
    return await this.#call('listOldVersions', [query], options);
  }

  async removeVersions(of: port.Versioned, ids: readonly string[], options: StoreOptions): Promise<number> {
    return await this.#call('removeVersions', [of, ids], options);
  }
}
