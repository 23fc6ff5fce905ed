// The versions, the workers and the frame of each call of the memory fake (`MemoryStore` has the rest).
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { WorkerId } from '../../../src/core/ids.ts';
import type { EventSink } from '../../../src/core/ports/event-sink.ts';
import { MemoryState } from './memory-state.ts';
import type * as port from '../../../src/core/ports/store.ts';
import { memorySchedules } from './memory-schedules.ts';

export type Options = port.StoreOptions;

const SILENT: EventSink = { emit: () => undefined };

export function newestFirst(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? 1 : -1;
}

function timedOut(signal: AbortSignal): GantryError {
  return new GantryError('STORE_TIMEOUT', 'the store did not answer in time', { cause: signal.reason });
}

export class MemoryCatalog {
  readonly schedules = memorySchedules((...call) => this.perform(...call));
  readonly #events: EventSink;
  protected readonly pluginVersions = new Map<string, port.PluginVersionRecord>();
  protected readonly pipelineVersions: port.PipelineVersionRecord[] = [];
  readonly #workers = new Map<WorkerId, port.WorkerRecord>();
  readonly pluginState = new MemoryState((operation, options, work) => this.perform(operation, options, work));
  readonly #failures: { readonly operation: string; readonly error: GantryError }[] = [];

  constructor(events: EventSink = SILENT) {
    this.#events = events;
  }

  /** The next call of the operation rejects with the error, having changed nothing. */
  failNext(operation: string, error: GantryError): void {
    this.#failures.push({ operation, error });
  }

  async open(options: Options): Promise<void> {
    await this.perform('open', options, () => undefined);
  }

  async ping(options: Options): Promise<void> {
    await this.perform('ping', options, () => undefined);
  }

  async describe(
    options: Options,
  ): Promise<{ readonly kind: string; readonly version: string; readonly warnings: readonly string[] }> {
    return await this.perform('describe', options, () => ({ kind: 'memory', version: '1', warnings: [] }));
  }

  async putPluginVersion(record: port.PluginVersionRecord, options: Options): Promise<void> {
    await this.perform('putPluginVersion', options, () => {
      if (!this.pluginVersions.has(record.id)) this.pluginVersions.set(record.id, structuredClone(record));
    });
  }

  async updatePluginVersion(id: string, changes: port.PluginVersionChanges, options: Options): Promise<boolean> {
    return await this.perform('updatePluginVersion', options, () => {
      const standing = this.pluginVersions.get(id);
      if (standing !== undefined) this.pluginVersions.set(id, { ...standing, ...changes });
      return standing !== undefined;
    });
  }

  async listPluginVersions(plugin: string, options: Options): Promise<readonly port.PluginVersionRecord[]> {
    return await this.perform('listPluginVersions', options, () =>
      [...this.pluginVersions.values()]
        .filter((record) => record.plugin === plugin)
        .sort((a, b) => b.createdAtMs - a.createdAtMs || newestFirst(a, b)),
    );
  }

  async putPipelineVersion(record: port.PipelineVersionRecord, options: Options): Promise<boolean> {
    return await this.perform('putPipelineVersion', options, () => {
      const newest = this.pipelineVersions.findLast(({ name }) => name === record.name);
      if (newest?.version === record.version) return false;
      this.pipelineVersions.push(structuredClone(record));
      return true;
    });
  }

  async listPipelineVersions(name: string, options: Options): Promise<readonly port.PipelineVersionRecord[]> {
    return await this.perform('listPipelineVersions', options, () =>
      this.pipelineVersions.filter((record) => record.name === name).toReversed(),
    );
  }

  async putWorker(record: port.WorkerRecord, options: Options): Promise<void> {
    await this.perform('putWorker', options, () => {
      this.#workers.set(record.id, { ...record });
    });
  }

  async listWorkers(options: Options): Promise<readonly port.WorkerRecord[]> {
    return await this.perform('listWorkers', options, () =>
      [...this.#workers.values()].sort((a, b) => newestFirst(b, a)),
    );
  }

  async removeWorker(id: WorkerId, options: Options): Promise<void> {
    await this.perform('removeWorker', options, () => {
      this.#workers.delete(id);
    });
  }

  protected stale(operation: string): false {
    this.#events.emit({ kind: 'staleWriteIgnored', operation });
    return false;
  }

  protected async perform<T>(operation: string, { signal }: Options, work: () => T): Promise<T> {
    const failure = this.#failures.findIndex((planned) => planned.operation === operation);
    let isSuccessful = false;
    try {
      if (signal.aborted) throw timedOut(signal);
      const planned = failure < 0 ? undefined : this.#failures.splice(failure, 1)[0];
      if (planned !== undefined) throw planned.error;
      const value = structuredClone(work());
      isSuccessful = true;
      return await Promise.resolve(value);
    } finally {
      this.#events.emit({ kind: 'storeOperationFinished', operation, isSuccessful, durationMs: 0 });
    }
  }
}
