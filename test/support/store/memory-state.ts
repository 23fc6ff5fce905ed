// The keys and values of plugins of the memory fake.
import type * as port from '../../../src/core/ports/plugin-state.ts';
import type { StoreOptions } from '../../../src/core/ports/store.ts';

export type StateOperation = `${'get' | 'put' | 'delete' | 'list'}State`;
type Perform = <T>(operation: StateOperation, options: StoreOptions, work: () => T) => Promise<T>;

interface Entry extends port.StateEntry {
  readonly plugin: string;
  readonly key: string;
  readonly sizeBytes: number;
}

export class MemoryState implements port.PluginState {
  readonly #perform: Perform;
  readonly #entries = new Map<string, Entry>();

  constructor(perform: Perform) {
    this.#perform = perform;
  }

  get(plugin: string, key: string, options: StoreOptions): Promise<port.StateEntry | null> {
    return this.#perform('getState', options, () => {
      const entry = this.#entries.get(idOf(plugin, key));
      return entry === undefined ? null : { json: entry.json, version: entry.version };
    });
  }

  put(put: port.StatePut, options: StoreOptions): Promise<port.StatePutResult> {
    return this.#perform<port.StatePutResult>('putState', options, () => {
      const standing = this.#entries.get(idOf(put.plugin, put.key));
      const version = standing?.version ?? null;
      if (version === put.version) return { kind: 'stored' };
      if (put.ifVersion !== undefined && put.ifVersion !== version) return { kind: 'conflict', version };
      const limit = this.#brokenLimit(put, standing);
      if (limit !== null) return { kind: 'full', limit };
      const { plugin, key, json, sizeBytes } = put;
      this.#entries.set(idOf(plugin, key), { plugin, key, json, sizeBytes, version: put.version });
      return { kind: 'stored' };
    });
  }

  delete(
    plugin: string,
    key: string,
    ifVersion: port.IfVersion,
    options: StoreOptions,
  ): Promise<port.StateDeleteResult> {
    return this.#perform<port.StateDeleteResult>('deleteState', options, () => {
      const standing = this.#entries.get(idOf(plugin, key));
      if (standing === undefined) return { kind: 'absent' };
      const { version } = standing;
      if (ifVersion !== undefined && ifVersion !== version) return { kind: 'conflict', version };
      this.#entries.delete(idOf(plugin, key));
      return { kind: 'deleted' };
    });
  }

  list(
    plugin: string,
    { prefix, after, limit }: port.StateQuery,
    options: StoreOptions,
  ): Promise<readonly port.StateKey[]> {
    return this.#perform('listState', options, () =>
      this.#of(plugin)
        .filter(({ key }) => key.startsWith(prefix) && key > after)
        .sort((left, right) => (left.key < right.key ? -1 : 1))
        .slice(0, limit)
        .map(({ key, version, sizeBytes }) => ({ key, version, sizeBytes })),
    );
  }

  #of(plugin: string): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.plugin === plugin);
  }

  #brokenLimit(put: port.StatePut, standing: Entry | undefined): 'keys' | 'bytes' | null {
    const all = this.#of(put.plugin);
    const addedBytes = put.sizeBytes - (standing?.sizeBytes ?? 0);
    if (standing === undefined && all.length >= put.keysMax) return 'keys';
    const bytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, addedBytes);
    return addedBytes > 0 && bytes > put.bytesMax ? 'bytes' : null;
  }
}

function idOf(plugin: string, key: string): string {
  return JSON.stringify([plugin, key]);
}
