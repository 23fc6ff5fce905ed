// Settles runs that nobody works on any more: their worker is dead, or it is this one and let them go, or they are long overdue.
// Taking a run over is a claim (epoch + 1), so whatever the old worker still writes changes nothing (I-3). Then: cancelled or timed out
// if that was due, queued again if nothing can be called twice by it, failed with WORKER_LOST otherwise.
import { messageOf } from '../../core/errors/gantry-error.ts';
import { failpoint } from '../../core/failpoints.ts';
import type { RunId, WorkerId } from '../../core/ids.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { Page, PageRequest } from '../../core/ports/store.ts';
import type { Run, TerminalRunState, Verdict } from '../../core/run.ts';
import { isDue } from '../hooks/close-run.ts';
import { EarlierInvocations } from '../invocation/earlier-invocations.ts';
import { endRun, failureOf, requeue } from '../end-run.ts';
import { endOpenInvocations } from '../records/end-open-invocations.ts';
import type { CoarseDeadlines } from '../../core/coarse-deadlines.ts';
import type { LogBuffer } from '../records/log-buffer.ts';
import { mayResume } from '../graph/may-resume.ts';
import { hasPassed } from '../graph/next-hooks.ts';
import { tryOnce } from '../records/persist.ts';
import { RunJournal } from '../records/run-journal.ts';
import { LeaseLost, RunLease } from '../records/run-lease.ts';
import { RunLedger } from '../records/run-ledger.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';
import type { RunScope } from '../run-scope.ts';
import { RunWrites } from '../records/run-writes.ts';
import { RunStop } from '../run-stop.ts';
import type { OverdueWatch } from './overdue-watch.ts';
import type { StrayWatch } from './stray-watch.ts';

/** A run that was lost more often brings its workers down: it is not tried again. */
export const LOSSES_MAX = 5;
const RUNNING_PAGE = 200;

export interface Recovery {
  readonly ports: RunPorts;
  readonly settings: RunSettings;
  readonly logs: LogBuffer;
  readonly deadlines: CoarseDeadlines;
  /** false while plugins are built after a start: what may be repeated is not known yet, so only what must end anyway is settled */
  readonly isCatalogReady: boolean;
  readonly strays: StrayWatch;
  readonly overdue: OverdueWatch;
  /** true for a run that this process has in flight */
  isInFlight(runId: RunId): boolean;
}

/** One sweep. Runs that cannot be settled now are left for the next one. @returns the runs that were settled */
export async function recoverRuns(recovery: Recovery): Promise<readonly Run[]> {
  const { ports, settings } = recovery;
  const elsewhere = (await listRunning(recovery)).filter((run) => !recovery.isInFlight(run.id));
  recovery.overdue.see(elsewhere, ports.clock.monotonicMs());
  const suspects = elsewhere.filter((run) => isReady(recovery, run));
  const strays = recovery.isCatalogReady ? await recovery.strays.find(ports, settings) : [];
  if (suspects.length + strays.length === 0) return [];
  // Workers are read after the runs: whoever claimed one of these runs had signed on before.
  const dead = await findDead(recovery);
  const settled: Run[] = [];
  for (const run of [...suspects.filter((one) => isForsaken(recovery, one, dead)), ...strays]) {
    try {
      const end = await recoverRun(recovery, run);
      if (end !== null) settled.push(end);
    } catch (error) {
      if (error instanceof LeaseLost) continue;
      ports.logger.log('warn', 'a run could not be recovered yet', { runId: run.id, cause: messageOf(error) });
    }
  }
  return settled;
}

function isReady({ isCatalogReady, ports }: Recovery, run: Run): boolean {
  return isCatalogReady || run.cancelRequestedAtMs !== null || isOverAt(run, ports.clock.nowMs());
}

function isOverAt(run: Run, nowMs: number): boolean {
  return run.deadlineAtMs !== null && run.deadlineAtMs <= nowMs;
}

/** Oldest first. There are no more than all programs have places for. */
async function listRunning({ ports, settings }: Recovery): Promise<readonly Run[]> {
  const running: Run[] = [];
  for (let after: RunId | null = null; ;) {
    const request: PageRequest = { limit: RUNNING_PAGE, ...(after === null ? {} : { after }) };
    const page: Page<Run> = await tryOnce({ ...ports, ...settings }, 'listRuns', (options) =>
      ports.store.listRuns({ states: ['running'] }, request, options),
    );
    running.push(...page.items);
    after = page.next;
    if (after === null) return running.reverse();
  }
}

/** Tells whether a worker is dead, from the records of all. */
async function findDead({ ports, settings }: Recovery): Promise<(worker: WorkerId | null) => boolean> {
  const { workerId, deadAfterMs, isOnlyWorker } = settings;
  if (isOnlyWorker) return () => true;
  const workers = await tryOnce({ ...ports, ...settings }, 'listWorkers', (options) =>
    ports.store.listWorkers(options),
  );
  const oldestMs = ports.clock.nowMs() - deadAfterMs;
  const living = new Set(workers.filter(({ beatAtMs }) => beatAtMs >= oldestMs).map(({ id }) => id));
  // Our own runs that are not in flight were let go: nobody will come back to them.
  living.delete(workerId);
  return (worker) => worker === null || !living.has(worker);
}

function isForsaken(recovery: Recovery, run: Run, isDead: (worker: WorkerId | null) => boolean): boolean {
  const { overdue, settings, ports } = recovery;
  const now = { nowMs: ports.clock.nowMs(), monotonicMs: ports.clock.monotonicMs() };
  return isDead(run.worker) || overdue.isOverdue(run, settings.deadAfterMs, now);
}

async function recoverRun(recovery: Recovery, run: Run): Promise<Run | null> {
  const taken = await takeOver(recovery, run);
  if (taken === null) return null;
  failpoint('run-taken-over');
  const { ports, settings, logs, deadlines } = recovery;
  using stop = new RunStop();
  const lease = new RunLease(taken, ports, settings);
  const journal = await RunJournal.open(run.id, false, ports, settings);
  const writes = new RunWrites(lease, journal);
  const own = { earlier: new EarlierInvocations([]), fresh: null };
  const scope: RunScope = { ports, settings, lease, journal, writes, logs, deadlines, stop, ...own };
  const why = 'the program ended while the invocation was under way';
  const stored = await lease.persist('listInvocations', (options) => ports.store.listInvocations(run.id, options));
  await settleRun(scope, endOpenInvocations(writes, stored, why, ports.clock.nowMs()));
  if (lease.run.state !== 'queued') {
    ports.events.emit({ kind: 'runRecovered', runId: run.id, pipeline: run.pipeline, state: lease.run.state });
  }
  return lease.run;
}

/** Claims the run for settling. Null: it moved on in the meantime. */
async function takeOver({ ports, settings }: Recovery, run: Run): Promise<Run | null> {
  const changes = {
    state: 'running',
    worker: settings.workerId,
    epoch: run.epoch + 1,
    losses: run.losses + 1,
  } as const;
  const guard = { states: [run.state], epoch: run.epoch, worker: run.worker };
  const hasTaken = await tryOnce({ ...ports, ...settings }, 'updateRun', (options) =>
    ports.store.updateRun(run.id, guard, changes, options),
  );
  return hasTaken ? { ...run, ...changes } : null;
}

async function settleRun(scope: RunScope, invocations: readonly Invocation[]): Promise<void> {
  const { lease, ports, writes } = scope;
  const { run } = lease;
  const ledger = new RunLedger(run, run.hooks);
  const running = ledger.inState('running');
  const hooks = running.flatMap((index) => ledger.hooks[index]?.hook ?? []);
  const isHarmless = isRepeatable(scope, invocations, hooks);
  const verdict = run.verdict ?? verdictOf(scope, hooks[0] ?? ledger.firstUnfinished, isHarmless);
  if (verdict === null) {
    for (const index of running) ledger.resetHook(index);
    await requeue(scope, ledger);
    return;
  }
  const isLast = run.losses > LOSSES_MAX || !ports.pipelines().has(run.pipeline);
  closeCutShort(ledger, running, verdict, isHarmless && !isLast, ports.clock.nowMs());
  if (isLast || !ledger.hooks.some((record) => isDue(record, verdict.state))) {
    await endRun(scope, ledger, verdict.state, verdict.failure);
    return;
  }
  writes.note({ verdict });
  await requeue(scope, ledger);
}

/** How the run ends; null: it goes on where it stood. */
function verdictOf({ lease, ports }: RunScope, hook: string | null, isHarmless: boolean): Verdict | null {
  const { run } = lease;
  const end = (state: TerminalRunState, code: string, message: string): Verdict => ({
    state,
    failure: failureOf(code, message, hook),
  });
  if (run.cancelRequestedAtMs !== null) return end('cancelled', 'CANCELLED', 'the run was cancelled');
  if (isOverAt(run, ports.clock.nowMs()))
    return end('timed_out', 'TIMED_OUT', 'the time of the pipeline was up when the run was recovered');
  if (!ports.pipelines().has(run.pipeline))
    return end('failed', 'PIPELINE_NOT_FOUND', `the pipeline ${run.pipeline} is not declared any more`);
  if (run.losses > LOSSES_MAX) return end('failed', 'WORKER_LOST', 'the workers of the run were lost again and again');
  if (isHarmless) return null;
  return end('failed', 'WORKER_LOST', 'the program ended while plugins were at work that may not be called twice');
}

/** Main hooks were cut short for good; those behind them are run again where that is harmless. */
function closeCutShort(
  ledger: RunLedger,
  running: readonly number[],
  { state }: Verdict,
  isHarmless: boolean,
  nowMs: number,
): void {
  for (const index of running) {
    const record = ledger.hooks[index];
    if (record?.section !== undefined && isHarmless) {
      ledger.resetHook(index);
      continue;
    }
    ledger.endHook(index, state === 'cancelled' ? 'cancelled' : 'failed', nowMs);
    if (record?.section === undefined) continue;
    const message = 'the program ended while plugins of the hook were at work that may not be called twice';
    ledger.warn([{ code: 'WORKER_LOST', message, hook: record.hook, plugin: null }]);
  }
}

/** @param hooks that were under way */
function isRepeatable(scope: RunScope, invocations: readonly Invocation[], hooks: readonly string[]): boolean {
  const { lease, ports } = scope;
  if (lease.run.durability === 'queued') return isHarmless(scope);
  const snapshot = ports.catalog.snapshot();
  const versions = hooks.flatMap((hook) => snapshot.pluginsFor(lease.run.pipeline, hook));
  const idempotent = new Set(versions.filter(({ plugin }) => plugin.idempotent).map(({ id }) => id));
  return mayResume(
    invocations
      .filter((invocation) => hooks.includes(invocation.hook))
      .map(({ pluginVersion, outcome, startedAtMs }) => ({
        version: { plugin: { idempotent: idempotent.has(pluginVersion) } },
        outcome: { code: outcome?.code ?? 'lost' },
        isDelivered: startedAtMs !== null,
      })),
  );
}

/** The last records of a queued run may be lost, so any plugin of a hook that has not ended may have been called. */
function isHarmless({ lease, ports }: RunScope): boolean {
  const { hooks, pipeline } = lease.run;
  const snapshot = ports.catalog.snapshot();
  return hooks
    .filter((record) => !hasPassed(record))
    .every((record) => snapshot.pluginsFor(pipeline, record.hook).every(({ plugin }) => plugin.idempotent));
}
