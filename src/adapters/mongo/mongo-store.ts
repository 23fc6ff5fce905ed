// The store on MongoDB (7 or newer) or a server that speaks its protocol. Only single-document atomicity is used; writes of one document go
// one after another; a caller's deadline ends its waiting, not the write that is under way.
import type { Clock } from '../../core/ports/clock.ts';
import { raced } from '../../core/deadline.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { LogLine } from '../../core/events.ts';
import type { InvocationId, RunId, WorkerId } from '../../core/ids.ts';
import type { Invocation, InvocationState } from '../../core/invocation.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type * as port from '../../core/ports/store.ts';
import type { Run } from '../../core/run.ts';
import { type MongoTimeouts, warningsOf } from './connect-mongo.ts';
import { timedOut } from './keyed-queue.ts';
import { mongoArtifacts } from './mongo-artifacts.ts';
import { mongoError } from './mongo-error.ts';
import { MongoPlaceStore } from './mongo-place-store.ts';
import { mongoSchedules } from './mongo-schedules.ts';
import { type MongoSession, openSession } from './mongo-session.ts';
import { mongoState } from './mongo-state.ts';
import { reachRetention } from './reach-retention.ts';

type Options = port.StoreOptions;
type Work<T> = (session: MongoSession) => Promise<T>;

export interface MongoStoreOptions {
  /** mongodb:// or mongodb+srv:// */
  readonly uri: string;
  readonly database: string;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly timeouts?: MongoTimeouts;
}

const DEFAULT_TIMEOUTS: MongoTimeouts = { serverSelectionMs: 10_000, socketMs: 30_000 };

export class MongoStore implements port.Store {
  readonly places = new MongoPlaceStore({
    read: (operation, options, work) => this.#call(operation, options, ({ places }) => work(places)),
    write: (operation, key, options, work) => this.#write(operation, key, options, ({ places }) => work(places)),
  });
  readonly schedules = mongoSchedules(
    (...call) => this.#call(...call),
    (...write) => this.#write(...write),
  );
  readonly pluginState = mongoState(
    (...call) => this.#call(...call),
    (...write) => this.#write(...write),
  );
  readonly retention = reachRetention((...call) => this.#write(...call));
  readonly artifacts = mongoArtifacts((...call) => this.#write(...call), { nowMs: () => this.#options.clock.nowMs() });
  readonly #options: MongoStoreOptions;
  #session: MongoSession | null = null;
  #chainsBegun = 0;

  constructor(options: MongoStoreOptions) {
    this.#options = options;
  }

  async open({ signal }: Options): Promise<void> {
    if (this.#session !== null) throw new GantryError('DEFECT', 'the store is open already');
    const { uri, database, timeouts = DEFAULT_TIMEOUTS, logger } = this.#options;
    const opening = openSession(uri, database, timeouts);
    try {
      this.#session = await this.#bounded(opening, signal);
    } catch (error) {
      opening.then((session) => session.close()).catch(() => undefined);
      logger.log('error', 'the store cannot be opened', { database, error: messageOf(error) });
      throw error;
    }
    for (const warning of warningsOf(this.#session.server)) logger.log('warn', warning);
  }

  async ping(options: Options): Promise<void> {
    await this.#write('ping', 'ping', options, ({ catalog }) => catalog.ping());
  }

  async describe(
    options: Options,
  ): Promise<{ readonly kind: string; readonly version: string; readonly warnings: readonly string[] }> {
    return await this.#call('describe', options, async ({ server, client }) => {
      await client.db('admin').command({ ping: 1 });
      return { kind: 'mongo', version: server.version, warnings: warningsOf(server) };
    });
  }

  async insertRun(run: Run, options: Options): Promise<port.InsertResult> {
    return await this.#write('insertRun', run.id, options, ({ runs }) => runs.insertRun(run));
  }

  async findRun(id: RunId, options: Options): Promise<Run | null> {
    return await this.#call('findRun', options, ({ runs }) => runs.findRun(id));
  }

  async findRunByKey(pipeline: string, idempotencyKey: string, options: Options): Promise<Run | null> {
    return await this.#call('findRunByKey', options, ({ runs }) => runs.findRunByKey(pipeline, idempotencyKey));
  }

  async updateRun(id: RunId, guard: port.RunGuard, changes: port.RunChanges, options: Options): Promise<boolean> {
    const work: Work<boolean> = ({ runs }) => runs.updateRun(id, guard, changes);
    return this.#noted('updateRun', await this.#write('updateRun', id, options, work));
  }

  async claimRuns(request: port.ClaimRequest, options: Options): Promise<readonly Run[]> {
    return await this.#write('claimRuns', 'claim', options, ({ claims }) => claims.claimRuns(request));
  }

  async listRuns(filter: port.RunFilter, page: port.PageRequest, options: Options): Promise<port.Page<Run>> {
    return await this.#call('listRuns', options, ({ runs }) => runs.listRuns(filter, page));
  }

  async countQueued(pipeline: string, atMost: number, options: Options): Promise<number> {
    return await this.#call('countQueued', options, ({ runs }) => runs.countQueued(pipeline, atMost));
  }

  async countRuns(filter: port.RunFilter, options: Options): Promise<number> {
    return await this.#call('countRuns', options, ({ runs }) => runs.countRuns(filter));
  }

  async insertInvocation(invocation: Invocation, options: Options): Promise<void> {
    await this.#write('insertInvocation', invocation.id, options, (to) => to.history.insertInvocation(invocation));
  }

  async updateInvocation(
    id: InvocationId,
    guard: { readonly states: readonly InvocationState[] },
    changes: port.InvocationChanges,
    options: Options,
  ): Promise<boolean> {
    const work: Work<boolean> = ({ history }) => history.updateInvocation(id, guard.states, changes);
    return this.#noted('updateInvocation', await this.#write('updateInvocation', id, options, work));
  }

  async listInvocations(runId: RunId, options: Options): Promise<readonly Invocation[]> {
    return await this.#call('listInvocations', options, ({ history }) => history.listInvocations(runId));
  }

  async putPayload(runId: RunId, name: string, json: string, options: Options): Promise<void> {
    const key = `payload:${runId}:${name}`;
    await this.#write('putPayload', key, options, ({ history }) => history.putPayload(runId, name, json));
  }

  async findPayload(runId: RunId, name: string, options: Options): Promise<string | null> {
    return await this.#call('findPayload', options, ({ history }) => history.findPayload(runId, name));
  }

  async appendEvents(events: readonly port.StoredEvent[], options: Options): Promise<void> {
    const { runId = '' } = events[0] ?? {};
    await this.#write('appendEvents', `events:${runId}`, options, ({ history }) => history.appendEvents(events));
  }

  async listEvents(runId: RunId, after: number, limit: number, options: Options): Promise<readonly port.StoredEvent[]> {
    return await this.#call('listEvents', options, ({ history }) => history.listEvents(runId, after, limit));
  }

  async lastEventSeq(runId: RunId, options: Options): Promise<number> {
    return await this.#call('lastEventSeq', options, ({ history }) => history.lastEventSeq(runId));
  }

  async appendLogs(lines: readonly LogLine[], options: Options): Promise<void> {
    await this.#write('appendLogs', 'logs', options, ({ history }) => history.appendLogs(lines));
  }

  async listLogs(filter: port.LogFilter, options: Options): Promise<readonly port.StoredLogLine[]> {
    return await this.#call('listLogs', options, ({ history }) => history.listLogs(filter));
  }

  async writeAll(chains: readonly (readonly port.StoreWrite[])[], options: Options): Promise<readonly boolean[]> {
    // A key of its own: who writes the same documents otherwise at the same time is told by their guards.
    this.#chainsBegun += 1;
    const work: Work<readonly boolean[]> = (session) => session.chains.writeAll(chains);
    const results = await this.#write('writeAll', `chains:${String(this.#chainsBegun)}`, options, work);
    return results.map((isApplied) => this.#noted('writeAll', isApplied));
  }

  async putPluginVersion(record: port.PluginVersionRecord, options: Options): Promise<void> {
    await this.#write('putPluginVersion', `plugin:${record.id}`, options, (to) => to.catalog.putPluginVersion(record));
  }

  async updatePluginVersion(id: string, changes: port.PluginVersionChanges, options: Options): Promise<boolean> {
    const work: Work<boolean> = ({ catalog }) => catalog.updatePluginVersion(id, changes);
    return await this.#write('updatePluginVersion', `plugin:${id}`, options, work);
  }

  async listPluginVersions(plugin: string, options: Options): Promise<readonly port.PluginVersionRecord[]> {
    return await this.#call('listPluginVersions', options, ({ catalog }) => catalog.listPluginVersions(plugin));
  }

  async putPipelineVersion(record: port.PipelineVersionRecord, options: Options): Promise<boolean> {
    const work: Work<boolean> = ({ catalog }) => catalog.putPipelineVersion(record);
    return await this.#write('putPipelineVersion', `pipeline:${record.name}`, options, work);
  }

  async listPipelineVersions(name: string, options: Options): Promise<readonly port.PipelineVersionRecord[]> {
    return await this.#call('listPipelineVersions', options, ({ catalog }) => catalog.listPipelineVersions(name));
  }

  async putWorker(record: port.WorkerRecord, options: Options): Promise<void> {
    await this.#write('putWorker', record.id, options, ({ catalog }) => catalog.putWorker(record));
  }

  async listWorkers(options: Options): Promise<readonly port.WorkerRecord[]> {
    return await this.#call('listWorkers', options, ({ catalog }) => catalog.listWorkers(this.#options.clock));
  }

  async removeWorker(id: WorkerId, options: Options): Promise<void> {
    await this.#write('removeWorker', id, options, ({ catalog }) => catalog.removeWorker(id));
  }

  /** Finishes the writes that were called before, then closes the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.close();
  }

  async #write<T>(operation: string, key: string | null, options: Options, work: Work<T>): Promise<T> {
    return await this.#call(operation, options, (session) =>
      key === null ? work(session) : session.queue.run(key, options.signal, () => work(session)),
    );
  }

  async #call<T>(operation: string, { signal }: Options, work: Work<T>): Promise<T> {
    const { clock, events } = this.#options;
    const startedAtMs = clock.monotonicMs();
    let isSuccessful = false;
    try {
      if (this.#session === null) throw new GantryError('STORE_UNAVAILABLE', 'the store is not open');
      if (signal.aborted) throw timedOut(signal);
      const value = await this.#bounded(work(this.#session), signal);
      isSuccessful = true;
      return value;
    } finally {
      const durationMs = clock.monotonicMs() - startedAtMs;
      events.emit({ kind: 'storeOperationFinished', operation, isSuccessful, durationMs });
    }
  }

  async #bounded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await raced(work, signal);
    } catch (error) {
      throw signal.aborted && error === signal.reason ? timedOut(signal) : mongoError(error);
    }
  }

  #noted(operation: string, isApplied: boolean): boolean {
    if (!isApplied) this.#options.events.emit({ kind: 'staleWriteIgnored', operation });
    return isApplied;
  }
}
