// Keys and values of plugins in the embedded store; the SQL is in state-operations.ts.
import type * as port from '../../core/ports/plugin-state.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { CallOperation } from './operations.ts';

export class SqliteState implements port.PluginState {
  readonly #call: CallOperation;

  constructor(call: CallOperation) {
    this.#call = call;
  }

  async get(plugin: string, key: string, options: StoreOptions): Promise<port.StateEntry | null> {
    const row = await this.#call('getState', [plugin, key], options);
    return row === null ? null : { json: String(row['json']), version: String(row['version']) };
  }

  put(request: port.StatePut, options: StoreOptions): Promise<port.StatePutResult> {
    return this.#call('putState', [request], options);
  }

  delete(
    plugin: string,
    key: string,
    ifVersion: port.IfVersion,
    options: StoreOptions,
  ): Promise<port.StateDeleteResult> {
    return this.#call('deleteState', [plugin, key, ifVersion], options);
  }

  async list(plugin: string, query: port.StateQuery, options: StoreOptions): Promise<readonly port.StateKey[]> {
    const rows = await this.#call('listState', [plugin, query], options);
    return rows.map(({ key, version, sizeBytes }) => ({
      key: String(key),
      version: String(version),
      sizeBytes: Number(sizeBytes),
    }));
  }
}
