// A store that hands everything on to the one behind it. What a decorator changes, it overrides.
import type { LogLine } from '../../core/events.ts';
import type { InvocationId, RunId, WorkerId } from '../../core/ids.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { PlaceStore } from '../../core/ports/place-store.ts';
import type * as port from '../../core/ports/store.ts';
import type { Run } from '../../core/run.ts';

export type Options = port.StoreOptions;
export type Chain = readonly port.StoreWrite[];
export type InvocationGuard = Parameters<port.Store['updateInvocation']>[1];

export class ForwardingStore implements port.Store {
  protected readonly inner: port.Store;

  constructor(inner: port.Store) {
    this.inner = inner;
  }

  get places(): PlaceStore {
    return this.inner.places;
  }

  get schedules(): port.Store['schedules'] {
    return this.inner.schedules;
  }

  get pluginState(): port.Store['pluginState'] {
    return this.inner.pluginState;
  }

  get retention(): port.Store['retention'] {
    return this.inner.retention;
  }

  open(options: Options): Promise<void> {
    return this.inner.open(options);
  }

  ping(options: Options): Promise<void> {
    return this.inner.ping(options);
  }

  describe(options: Options): ReturnType<port.Store['describe']> {
    return this.inner.describe(options);
  }

  insertRun(run: Run, options: Options): Promise<port.InsertResult> {
    return this.inner.insertRun(run, options);
  }

  findRun(id: RunId, options: Options): Promise<Run | null> {
    return this.inner.findRun(id, options);
  }

  findRunByKey(pipeline: string, idempotencyKey: string, options: Options): Promise<Run | null> {
    return this.inner.findRunByKey(pipeline, idempotencyKey, options);
  }

  updateRun(id: RunId, guard: port.RunGuard, changes: port.RunChanges, options: Options): Promise<boolean> {
    return this.inner.updateRun(id, guard, changes, options);
  }

  claimRuns(request: port.ClaimRequest, options: Options): Promise<readonly Run[]> {
    return this.inner.claimRuns(request, options);
  }

  listRuns(filter: port.RunFilter, page: port.PageRequest, options: Options): Promise<port.Page<Run>> {
    return this.inner.listRuns(filter, page, options);
  }

  countQueued(pipeline: string, atMost: number, options: Options): Promise<number> {
    return this.inner.countQueued(pipeline, atMost, options);
  }

  countRuns(filter: port.RunFilter, options: Options): Promise<number> {
    return this.inner.countRuns(filter, options);
  }

  insertInvocation(invocation: Invocation, options: Options): Promise<void> {
    return this.inner.insertInvocation(invocation, options);
  }

  updateInvocation(
    id: InvocationId,
    guard: InvocationGuard,
    changes: port.InvocationChanges,
    options: Options,
  ): Promise<boolean> {
    return this.inner.updateInvocation(id, guard, changes, options);
  }

  listInvocations(runId: RunId, options: Options): Promise<readonly Invocation[]> {
    return this.inner.listInvocations(runId, options);
  }

  putPayload(runId: RunId, name: string, json: string, options: Options): Promise<void> {
    return this.inner.putPayload(runId, name, json, options);
  }

  findPayload(runId: RunId, name: string, options: Options): Promise<string | null> {
    return this.inner.findPayload(runId, name, options);
  }

  appendEvents(events: readonly port.StoredEvent[], options: Options): Promise<void> {
    return this.inner.appendEvents(events, options);
  }

  listEvents(runId: RunId, afterSeq: number, limit: number, options: Options): Promise<readonly port.StoredEvent[]> {
    return this.inner.listEvents(runId, afterSeq, limit, options);
  }

  lastEventSeq(runId: RunId, options: Options): Promise<number> {
    return this.inner.lastEventSeq(runId, options);
  }

  appendLogs(lines: readonly LogLine[], options: Options): Promise<void> {
    return this.inner.appendLogs(lines, options);
  }

  listLogs(filter: port.LogFilter, options: Options): Promise<readonly port.StoredLogLine[]> {
    return this.inner.listLogs(filter, options);
  }

  writeAll(chains: readonly Chain[], options: Options): Promise<readonly boolean[]> {
    return this.inner.writeAll(chains, options);
  }

  putPluginVersion(record: port.PluginVersionRecord, options: Options): Promise<void> {
    return this.inner.putPluginVersion(record, options);
  }

  updatePluginVersion(id: string, changes: port.PluginVersionChanges, options: Options): Promise<boolean> {
    return this.inner.updatePluginVersion(id, changes, options);
  }

  listPluginVersions(plugin: string, options: Options): Promise<readonly port.PluginVersionRecord[]> {
    return this.inner.listPluginVersions(plugin, options);
  }

  putPipelineVersion(record: port.PipelineVersionRecord, options: Options): Promise<boolean> {
    return this.inner.putPipelineVersion(record, options);
  }

  listPipelineVersions(name: string, options: Options): Promise<readonly port.PipelineVersionRecord[]> {
    return this.inner.listPipelineVersions(name, options);
  }

  putWorker(record: port.WorkerRecord, options: Options): Promise<void> {
    return this.inner.putWorker(record, options);
  }

  listWorkers(options: Options): Promise<readonly port.WorkerRecord[]> {
    return this.inner.listWorkers(options);
  }

  removeWorker(id: WorkerId, options: Options): Promise<void> {
    return this.inner.removeWorker(id, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]();
  }
}
