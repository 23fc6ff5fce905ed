// One claimed run, whatever happens: it ends, goes back to the queue, or is let go because this worker may not or cannot write it any
// more (then recovery settles it). Never rejects.
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import type { HookRecord, Run } from '../core/run.ts';
import type { CoarseDeadlines } from '../core/coarse-deadlines.ts';
import { EarlierInvocations } from './invocation/earlier-invocations.ts';
import { failureOf } from './end-run.ts';
import { endOpenInvocations } from './records/end-open-invocations.ts';
import type { LogBuffer } from './records/log-buffer.ts';
import { RunJournal } from './records/run-journal.ts';
import { LeaseLost, RunLease } from './records/run-lease.ts';
import { runPipeline } from './run-pipeline.ts';
import type { RunPorts, RunSettings } from './run-ports.ts';
import type { RunScope } from './run-scope.ts';
import { type FreshRun, RunWrites } from './records/run-writes.ts';
import { RunStop } from './run-stop.ts';

/** A fresh run is stored with the start of its first invocation, which waits for that; or by itself when this takes longer. */
const PATIENCE_MS = 1;

/** The same of one whose caller waits for its end, and hears of nothing before: for a place among others it saves one of three writes. */
const LONG_PATIENCE_MS = 100;

/** What the runs of one process share. */
export interface SharedParts {
  readonly ports: RunPorts;
  readonly settings: RunSettings;
  readonly logs: LogBuffer;
  readonly deadlines: CoarseDeadlines;
}

/** A run in flight in this process. */
export class RunExecution {
  readonly stop = new RunStop();
  readonly lease: RunLease;
  #writes: RunWrites | null = null;
  /** Resolves with the run as last written; never rejects. */
  readonly ended: Promise<Run>;
  /** Of a fresh run: resolves when it is stored. @throws LeaseLost when another one stands in its place, GantryError of the store */
  readonly accepted: Promise<Run>;

  /** @param fresh for a run that is not stored yet */
  constructor(run: Run, shared: SharedParts, fresh: FreshRun | null) {
    this.lease = new RunLease(run, shared.ports, shared.settings);
    const accepted = Promise.withResolvers<Run>();
    // One that is not known to be stored goes no further; if it is, recovery finds it.
    accepted.promise.catch(() => {
      this.stop.stop('lease_lost');
    });
    this.accepted = accepted.promise;
    this.ended = execute(this, { ...shared, fresh, accepted });
  }

  /** True when it could be given up without anything being called twice by that. */
  get isWaiting(): boolean {
    return this.#writes?.isAtWork === false;
  }

  /** It has begun: from now on this says what it does. */
  begun({ writes }: RunScope): void {
    this.#writes = writes;
  }

  /** Drops the run at once: sandboxes are killed, nothing more is written. */
  abandon(cause: string): void {
    this.lease.lose(cause);
    this.stop.stop('lease_lost');
  }
}

interface Parts extends SharedParts {
  readonly fresh: FreshRun | null;
  readonly accepted: PromiseWithResolvers<Run>;
}

async function execute(execution: RunExecution, parts: Parts): Promise<Run> {
  const { lease, stop } = execution;
  const { ports, fresh, accepted } = parts;
  try {
    const scope = fresh === null ? await takeUp(execution, parts) : makeNew(execution, parts, fresh);
    execution.begun(scope);
    try {
      const running = runPipeline(scope);
      // Mostly the first invocation has begun by now, and the run is on its way to the store with it.
      using _patience = fresh !== null && scope.writes.isUnmade ? storeSoon(scope, fresh) : null;
      await running;
    } catch (error) {
      await settleBroken(scope, error);
    }
  } catch (error) {
    accepted.reject(error);
    letGo(lease, ports, error);
  } finally {
    stop[Symbol.dispose]();
  }
  return lease.run;
}

/** A run that was claimed. */
async function takeUp({ lease, stop }: RunExecution, parts: Parts): Promise<RunScope> {
  const { ports, settings, logs, deadlines } = parts;
  const journal = await RunJournal.open(lease.run.id, lease.run.epoch <= 1, ports, settings);
  const earlier = new EarlierInvocations(await findEarlier(lease, ports));
  const writes = new RunWrites(lease, journal);
  writes.told({ kind: 'runClaimed', run: lease.run });
  return { ports, settings, lease, journal, writes, logs, deadlines, stop, earlier, fresh: null };
}

/** A run that is accepted and under way in one write. */
function makeNew({ lease, stop }: RunExecution, parts: Parts, fresh: FreshRun): RunScope {
  const { ports, settings, logs, deadlines, accepted } = parts;
  const journal = new RunJournal(lease.run.id, 0, ports, settings);
  const writes = new RunWrites(lease, journal, { ...fresh, accepted });
  writes.tell({ kind: 'runClaimed', run: lease.run });
  const earlier = new EarlierInvocations([]);
  return { ports, settings, lease, journal, writes, logs, deadlines, stop, earlier, fresh };
}

function storeSoon({ deadlines, writes }: RunScope, { isAwaited, queued }: FreshRun): Disposable {
  // With a key it is wanted in the store soon: that is where a repeat finds it.
  const patienceMs = isAwaited && queued.idempotencyKey === null ? LONG_PATIENCE_MS : PATIENCE_MS;
  return deadlines.after(patienceMs, () => {
    writes.makeRun();
  });
}

async function findEarlier(lease: RunLease, ports: RunPorts): ReturnType<RunPorts['store']['listInvocations']> {
  if (lease.run.epoch <= 1) return [];
  return await lease.persist('listInvocations', (options) => ports.store.listInvocations(lease.run.id, options));
}

/** A run that broke for another reason than a plugin: failed with the cause, if the store takes it. */
async function settleBroken(scope: RunScope, error: unknown): Promise<void> {
  if (error instanceof LeaseLost || isStoreAway(error)) throw error;
  const { lease, writes, logs, ports, stop } = scope;
  writes.drop();
  stop.stop('lease_lost');
  const code = error instanceof GantryError ? error.code : 'DEFECT';
  ports.logger.log('error', 'a run failed for no fault of its plugins', {
    runId: lease.run.id,
    code,
    cause: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  });
  const { id } = lease.run;
  const stored = await lease.persist('listInvocations', (options) => ports.store.listInvocations(id, options));
  await logs.flush();
  const finishedAtMs = ports.clock.nowMs();
  endOpenInvocations(writes, stored, 'the run broke while the invocation was under way', finishedAtMs);
  const hooks = lease.run.hooks.map((record) => closedHook(record, finishedAtMs));
  const failure = failureOf(code, messageOf(error).slice(0, 2_000));
  const run = writes.advance('failed', { hooks, failure, finishedAtMs });
  writes.tell({ kind: 'runFinished', run });
  await writes.commit();
}

function closedHook({ wait, ...record }: HookRecord, finishedAtMs: number): HookRecord {
  if (wait !== undefined) return { ...record, state: 'cancelled', finishedAtMs };
  if (record.state === 'running') return { ...record, state: 'failed', finishedAtMs };
  return record.state === 'pending' ? { ...record, state: 'skipped' } : record;
}

function isStoreAway(error: unknown): boolean {
  return error instanceof GantryError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_TIMEOUT');
}

function letGo(lease: RunLease, ports: RunPorts, error: unknown): void {
  const { id, state } = lease.run;
  lease.lose('the run was let go');
  const fields = { runId: id, state, cause: messageOf(error) };
  ports.logger.log('warn', 'a run was let go; recovery will settle it', fields);
}
