// The embedded store: one file, nothing to install. Maps records to rows here, and leaves all SQL to the database's own thread.
// Guarded updates that match nothing are counted as stale writes, never thrown.
import type { Clock } from '../../core/ports/clock.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type * as port from '../../core/ports/store.ts';
import type { InvocationId, RunId, WorkerId } from '../../core/ids.ts';
import type { Invocation, InvocationState } from '../../core/invocation.ts';
import type { LogLine } from '../../core/events.ts';
import type { Run } from '../../core/run.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import { encodeWrite, FIXED_INVOCATION_FIELDS, FIXED_RUN_FIELDS } from './encode-write.ts';
import { decodeEvents, encodeEvents } from './event-rows.ts';
import type { OperationArguments, OperationName, OperationResult } from './operations.ts';
import { INVOCATIONS, LOG_LINES, LOGS, PIPELINE_VERSIONS, PLUGIN_VERSIONS, RUNS, WORKERS } from './records.ts';
import { SqlitePlaces } from './sqlite-places.ts';
import { sqliteSchedules } from './sqlite-schedules.ts';
import { SqliteState } from './sqlite-state.ts';
import { SqliteRetention } from './sqlite-retention.ts';
import { DEFAULT_BOUNDS, type LinkBounds, WorkerLink } from './worker-link.ts';

type Options = port.StoreOptions;

export interface SqliteStoreOptions {
  /** the database file, or `:memory:` */
  readonly path: string;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly bounds?: LinkBounds;
}

export class SqliteStore implements port.Store {
  readonly places = new SqlitePlaces((operation, parameters, options) => this.#call(operation, parameters, options));
  readonly schedules = sqliteSchedules((...call) => this.#call(...call));
  readonly pluginState = new SqliteState((...call) => this.#call(...call));
  readonly retention = new SqliteRetention((...call) => this.#call(...call));
  readonly #options: SqliteStoreOptions;
  #link: WorkerLink | null = null;

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
  }

  async open({ signal }: Options): Promise<void> {
    if (this.#link !== null) throw new GantryError('DEFECT', 'the store is open already');
    const link = new WorkerLink(this.#options.path, this.#options.bounds ?? DEFAULT_BOUNDS);
    this.#link = link;
    try {
      await link.opened(signal);
    } catch (error) {
      this.#link = null;
      this.#options.logger.log('error', 'the store cannot be opened', {
        path: this.#options.path,
        error: messageOf(error),
      });
      void link.close();
      throw error;
    }
  }

  async ping(options: Options): Promise<void> {
    await this.#call('ping', [], options);
  }

  async describe(
    options: Options,
  ): Promise<{ readonly kind: string; readonly version: string; readonly warnings: readonly string[] }> {
    const version = await this.#call('describe', [], options);
    const isVolatile = this.#options.path === ':memory:';
    return {
      kind: 'sqlite',
      version,
      warnings: isVolatile ? ['the store is in memory: nothing survives a restart'] : [],
    };
  }

  async insertRun(run: Run, options: Options): Promise<port.InsertResult> {
    const result = await this.#call('insertRun', [RUNS.values(run)], options);
    return result.kind === 'inserted' ? result : { kind: 'exists', run: RUNS.decode(result.row) };
  }

  async findRun(id: RunId, options: Options): Promise<Run | null> {
    const row = await this.#call('findRun', [id], options);
    return row === null ? null : RUNS.decode(row);
  }

  async findRunByKey(pipeline: string, idempotencyKey: string, options: Options): Promise<Run | null> {
    const row = await this.#call('findRunByKey', [pipeline, idempotencyKey], options);
    return row === null ? null : RUNS.decode(row);
  }

  async updateRun(id: RunId, guard: port.RunGuard, changes: port.RunChanges, options: Options): Promise<boolean> {
    const encoded = RUNS.encodeChanges(changes, FIXED_RUN_FIELDS);
    return this.#noted('updateRun', await this.#call('updateRun', [id, guard, encoded], options));
  }

  async claimRuns(request: port.ClaimRequest, options: Options): Promise<readonly Run[]> {
    const rows = await this.#call('claimRuns', [request], options);
    return rows.map((row) => RUNS.decode(row));
  }

  async listRuns(filter: port.RunFilter, page: port.PageRequest, options: Options): Promise<port.Page<Run>> {
    const { states = null, pipeline = null, madeFrom = null, isOpenChild = false } = filter;
    const query = { states, pipeline, madeFrom, isOpenChild, limit: page.limit + 1, after: page.after ?? null };
    const rows = await this.#call('listRuns', [query], options);
    const items = rows.slice(0, page.limit).map((row) => RUNS.decode(row));
    return { items, next: rows.length > page.limit ? (items.at(-1)?.id ?? null) : null };
  }

  async countQueued(pipeline: string, atMost: number, options: Options): Promise<number> {
    return await this.#call('countQueued', [pipeline, atMost], options);
  }

  async countRuns(filter: port.RunFilter, options: Options): Promise<number> {
    return await this.#call('countRuns', [filter.states ?? null, filter.pipeline ?? null], options);
  }

  async insertInvocation(invocation: Invocation, options: Options): Promise<void> {
    await this.#call('insertInvocation', [INVOCATIONS.values(invocation)], options);
  }

  async updateInvocation(
    id: InvocationId,
    guard: { readonly states: readonly InvocationState[] },
    changes: port.InvocationChanges,
    options: Options,
  ): Promise<boolean> {
    const encoded = INVOCATIONS.encodeChanges(changes, FIXED_INVOCATION_FIELDS);
    return this.#noted('updateInvocation', await this.#call('updateInvocation', [id, guard.states, encoded], options));
  }

  async listInvocations(runId: RunId, options: Options): Promise<readonly Invocation[]> {
    const rows = await this.#call('listInvocations', [runId], options);
    return rows.map((row) => INVOCATIONS.decode(row));
  }

  async putPayload(runId: RunId, name: string, json: string, options: Options): Promise<void> {
    await this.#call('putPayload', [runId, name, json], options);
  }

  async findPayload(runId: RunId, name: string, options: Options): Promise<string | null> {
    return await this.#call('findPayload', [runId, name], options);
  }

  async appendEvents(events: readonly port.StoredEvent[], options: Options): Promise<void> {
    await this.#call('appendEvents', [encodeEvents(events)], options);
  }

  async listEvents(
    runId: RunId,
    afterSeq: number,
    limit: number,
    options: Options,
  ): Promise<readonly port.StoredEvent[]> {
    const rows = await this.#call('listEvents', [runId, afterSeq, limit], options);
    return decodeEvents(rows)
      .filter(({ seq }) => seq > afterSeq)
      .slice(0, limit);
  }

  async lastEventSeq(runId: RunId, options: Options): Promise<number> {
    return await this.#call('lastEventSeq', [runId], options);
  }

  async appendLogs(lines: readonly LogLine[], options: Options): Promise<void> {
    await this.#call('appendLogs', [lines.map((line) => LOG_LINES.values(line))], options);
  }

  async listLogs(filter: port.LogFilter, options: Options): Promise<readonly port.StoredLogLine[]> {
    const { runId = null, plugin = null, afterSeq = null, limit } = filter;
    const rows = await this.#call('listLogs', [{ runId, plugin, afterSeq, limit }], options);
    return rows.map((row) => LOGS.decode(row));
  }

  async writeAll(chains: readonly (readonly port.StoreWrite[])[], options: Options): Promise<readonly boolean[]> {
    const encoded = chains.map((chain) => chain.map(encodeWrite));
    const results = await this.#call('writeAll', [encoded], options);
    return results.map((isApplied) => this.#noted('writeAll', isApplied));
  }

  async putPluginVersion(record: port.PluginVersionRecord, options: Options): Promise<void> {
    await this.#call('putPluginVersion', [PLUGIN_VERSIONS.encode(record)], options);
  }

  async updatePluginVersion(id: string, changes: port.PluginVersionChanges, options: Options): Promise<boolean> {
    return await this.#call('updatePluginVersion', [id, PLUGIN_VERSIONS.encode(changes)], options);
  }

  async listPluginVersions(plugin: string, options: Options): Promise<readonly port.PluginVersionRecord[]> {
    const rows = await this.#call('listPluginVersions', [plugin], options);
    return rows.map((row) => PLUGIN_VERSIONS.decode(row));
  }

  async putPipelineVersion(record: port.PipelineVersionRecord, options: Options): Promise<boolean> {
    return await this.#call('putPipelineVersion', [PIPELINE_VERSIONS.encode(record)], options);
  }

  async listPipelineVersions(name: string, options: Options): Promise<readonly port.PipelineVersionRecord[]> {
    const rows = await this.#call('listPipelineVersions', [name], options);
    return rows.map((row) => PIPELINE_VERSIONS.decode(row));
  }

  async putWorker(record: port.WorkerRecord, options: Options): Promise<void> {
    await this.#call('putWorker', [WORKERS.encode(record)], options);
  }

  async listWorkers(options: Options): Promise<readonly port.WorkerRecord[]> {
    const rows = await this.#call('listWorkers', [], options);
    return rows.map((row) => WORKERS.decode(row));
  }

  async removeWorker(id: WorkerId, options: Options): Promise<void> {
    await this.#call('removeWorker', [id], options);
  }

  /** Finishes what was called before, then closes the file; a second time it does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link?.close();
  }

  async #call<Name extends OperationName>(
    operation: Name,
    parameters: OperationArguments<Name>,
    { signal }: Options,
  ): Promise<OperationResult<Name>> {
    const { clock, events } = this.#options;
    const startedAtMs = clock.monotonicMs();
    let isSuccessful = false;
    try {
      if (this.#link === null) throw new GantryError('STORE_UNAVAILABLE', 'the store is not open');
      const value = await this.#link.submit(operation, parameters, signal);
      isSuccessful = true;
      return value as OperationResult<Name>;
    } finally {
      events.emit({
        kind: 'storeOperationFinished',
        operation,
        isSuccessful,
        durationMs: clock.monotonicMs() - startedAtMs,
      });
    }
  }

  #noted(operation: OperationName, isApplied: boolean): boolean {
    if (!isApplied) this.#options.events.emit({ kind: 'staleWriteIgnored', operation });
    return isApplied;
  }
}
