// A store that keeps nothing and answers as one that took everything: what a run costs when no run is stored.
import type { Run } from '../../src/core/run.ts';
import type * as port from '../../src/core/ports/store.ts';
import { MemoryStore } from '../support/store/memory-store.ts';

export class NullStore extends MemoryStore {
  override async insertRun(_run: Run, _options: port.StoreOptions): Promise<port.InsertResult> {
    return await Promise.resolve({ kind: 'inserted' });
  }

  override async writeAll(chains: readonly (readonly port.StoreWrite[])[]): Promise<readonly boolean[]> {
    return await Promise.resolve(chains.map(() => true));
  }

  override async appendLogs(): Promise<void> {
    await Promise.resolve();
  }
}
