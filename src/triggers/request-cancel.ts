// Asks a run to end. Queued runs end at once; for a running one the request is stored, then told to the worker: in this process within
// milliseconds, in another one when it next looks (≤ 1 s). Resolves when the request is durable, not when the run has ended.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { RunId } from '../core/ids.ts';
import { isTerminal, type HookRecord, type Run } from '../core/run.ts';
import type { RunChanges, RunGuard, StoreOptions } from '../core/ports/store.ts';
import { failureOf } from '../pipeline/end-run.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import { RunJournal } from '../pipeline/records/run-journal.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';

/** A run can be claimed or put back between our look and our write; more often than this in a row is a defect. */
const TRIES_MAX = 20;

export interface CancelEffects {
  /** the request is stored for a run that a worker holds */
  onRequested(runId: RunId): void;
  /** the run was ended here */
  onEnded(run: Run): void;
}

/** @throws GantryError RUN_NOT_FOUND, RUN_FINISHED, STORE_* */
export async function requestCancel(
  runId: RunId,
  ports: RunPorts,
  settings: RunSettings,
  effects: CancelEffects,
): Promise<Run> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const run = await once('findRun', (options) => ports.store.findRun(runId, options));
    if (run === null) throw new GantryError('RUN_NOT_FOUND', `no run has the id ${runId}`);
    if (isTerminal(run.state)) throw new GantryError('RUN_FINISHED', `the run ${runId} has ended: ${run.state}`);
    const asked = run.state === 'running' || isToBeClosed(run) ? await ask(run) : await end(run);
    if (asked !== null) return asked;
  }
  throw new GantryError(
    'DEFECT',
    `the run ${runId} changed its state ${String(TRIES_MAX)} times while it was cancelled`,
  );

  async function ask(run: Run): Promise<Run | null> {
    const cancelRequestedAtMs = run.cancelRequestedAtMs ?? ports.clock.nowMs();
    const wake = run.state === 'waiting' ? { readyAtMs: ports.clock.nowMs() } : {};
    if (!(await change(run, { cancelRequestedAtMs, ...wake }))) return null;
    effects.onRequested(run.id);
    return { ...run, cancelRequestedAtMs };
  }

  async function end(run: Run): Promise<Run | null> {
    const nowMs = ports.clock.nowMs();
    const waiting = run.hooks.find(({ state }) => state === 'waiting')?.hook ?? null;
    const changes = {
      state: 'cancelled',
      cancelRequestedAtMs: nowMs,
      finishedAtMs: nowMs,
      failure: failureOf('CANCELLED', `the run was cancelled while it was ${run.state}`, waiting),
      hooks: run.hooks.map((record) => cancelled(record, nowMs)),
    } as const;
    const ended: Run = { ...run, ...changes };
    const journal = await RunJournal.open(run.id, run.epoch === 0, ports, settings);
    const event = { kind: 'runFinished', run: ended } as const;
    // In one chain: a program that dies here leaves the end with its event, or neither.
    const end = { kind: 'updateRun', id: run.id, guard: guardOf(run), changes } as const;
    const told = { kind: 'appendEvents', events: [journal.number(event)] } as const;
    const [hasEnded] = await once('updateRun', (options) => ports.store.writeAll([[end, told]], options));
    if (hasEnded !== true) return null;
    journal.emit(event);
    effects.onEnded(ended);
    return ended;
  }

  async function change(run: Run, changes: RunChanges): Promise<boolean> {
    return await once('updateRun', (options) => ports.store.updateRun(run.id, guardOf(run), changes, options));
  }

  async function once<T>(operation: string, work: (options: StoreOptions) => Promise<T>): Promise<T> {
    return await tryOnce({ ...ports, ...settings }, operation, work);
  }
}

function guardOf({ state, epoch }: Run): RunGuard {
  return { states: [state], epoch };
}

/** A run that has begun owes its `finally`, so a worker ends it; one whose end is certain already is not ended otherwise. */
function isToBeClosed({ hooks, verdict }: Run): boolean {
  const hasBegun = hooks.some(({ state }) => state !== 'pending');
  return verdict !== null || (hasBegun && hooks.some(({ section }) => section === 'finally'));
}

/** Of a run that no worker holds. */
function cancelled(record: HookRecord, nowMs: number): HookRecord {
  if (record.state === 'pending') return { ...record, state: record.section === undefined ? 'cancelled' : 'skipped' };
  const { wait, ...rest } = record;
  return wait === undefined ? record : { ...rest, state: 'cancelled', finishedAtMs: nowMs };
}
