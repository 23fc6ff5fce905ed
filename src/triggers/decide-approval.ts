// Takes down what somebody decided about a hook that waits for it: the decision and "ready now" are one conditional write, so a decision is
// never durable without waking its run, and of two at once one stands. A run whose other branches are at work is its worker's to write, all but
// what it is told: there the decision is put, whichever program the worker is, and is durable; the worker folds it in (`fold-decisions`).
import { COMMENT_MAX, type ApprovalDecision, type ApprovalRecord, type Decision } from '../core/approval.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { RunEvent } from '../core/events.ts';
import type { RunId } from '../core/ids.ts';
import type { RunChanges, StoreWrite } from '../core/ports/store.ts';
import { isTerminal, recordAsTold, type Run } from '../core/run.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import { RunJournal } from '../pipeline/records/run-journal.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';

/** A run can be claimed, let go or told something else between our look and our write; more often than this in a row is a defect. */
const TRIES_MAX = 50;

export interface DecisionRequest {
  readonly runId: RunId;
  readonly hook: string;
  readonly decision: Decision;
  /** who decides: `api`, `cli`, `panel` */
  readonly by: string;
  /** at most COMMENT_MAX characters */
  readonly comment: string | null;
}

export interface DecisionEffects {
  /** the decision is stored in a run that a worker holds: this is the run with it */
  onTold(run: Run): void;
  /** a run without a worker is ready now */
  onReady(): void;
}

interface Parts {
  readonly request: DecisionRequest;
  readonly ports: RunPorts;
  readonly settings: RunSettings;
  readonly effects: DecisionEffects;
}

/** @throws GantryError RUN_NOT_FOUND, RUN_FINISHED, APPROVAL_NOT_ASKED, APPROVAL_DECIDED, INPUT_INVALID, STORE_* */
export async function decideApproval(
  request: DecisionRequest,
  ports: RunPorts,
  settings: RunSettings,
  effects: DecisionEffects,
): Promise<ApprovalDecision> {
  const { runId, comment } = request;
  if ((comment ?? '').length > COMMENT_MAX)
    throw new GantryError('INPUT_INVALID', `a comment has at most ${String(COMMENT_MAX)} characters`);
  const parts = { request, ports, settings, effects };
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const run = await tryOnce({ ...ports, ...settings }, 'findRun', (options) => ports.store.findRun(runId, options));
    if (run === null) throw new GantryError('RUN_NOT_FOUND', `no run has the id ${runId}`);
    const standing = standingOf(request, run);
    if (standing.decided !== null) return repeatOf(request, standing.decided);
    const decided = await (run.state === 'running' ? tell(run, parts) : write(run, standing, parts));
    if (decided !== null) return decided;
  }
  throw new GantryError('DEFECT', `the run ${runId} changed ${String(TRIES_MAX)} times while it was decided about`);
}

/** To the worker of the run, which hears it here at once and elsewhere when it next looks. Null: the run moved on between our look and our write. */
async function tell(run: Run, { request, ports, settings, effects }: Parts): Promise<ApprovalDecision | null> {
  const { id, epoch, verdict, cancelRequestedAtMs } = run;
  if (verdict !== null || cancelRequestedAtMs !== null)
    throw new GantryError('RUN_FINISHED', `the run ${id} is about to end: nothing is decided any more`);
  const decided = decisionOf(request, ports);
  const decisions = [...run.decisions, { hook: request.hook, decided }];
  const guard = { states: ['running'], epoch, told: run } as const;
  const isWritten = await tryOnce({ ...ports, ...settings }, 'updateRun', (options) =>
    ports.store.updateRun(id, guard, { decisions }, options),
  );
  if (!isWritten) return null;
  effects.onTold({ ...run, decisions });
  return decided;
}

function decisionOf({ decision, by, comment }: DecisionRequest, { clock }: RunPorts): ApprovalDecision {
  return { decision, by, atMs: clock.nowMs(), comment };
}

/** Into a run that no worker holds. Null: the run moved on between our look and our write. */
async function write(
  run: Run,
  standing: ApprovalRecord,
  { request, ports, settings, effects }: Parts,
): Promise<ApprovalDecision | null> {
  const { hook } = request;
  const decided = decisionOf(request, ports);
  const changes = changesOf(run, hook, { ...standing, decided });
  const event: RunEvent = { kind: 'approvalDecided', runId: run.id, pipeline: run.pipeline, hook, decided };
  const journal = await RunJournal.open(run.id, run.epoch === 0, ports, settings);
  const guard = { states: [run.state], epoch: run.epoch, readyAtMs: run.readyAtMs };
  // In one chain: a program that dies here leaves the decision with its event, or neither.
  const chain: StoreWrite[] = [
    { kind: 'updateRun', id: run.id, guard, changes },
    { kind: 'appendEvents', events: [journal.number(event)] },
  ];
  const [isWritten] = await tryOnce({ ...ports, ...settings }, 'updateRun', (options) =>
    ports.store.writeAll([chain], options),
  );
  if (isWritten !== true) return null;
  journal.emit(event);
  effects.onReady();
  return decided;
}

/** What was asked about the hook. @throws GantryError when nothing was, or nothing can be decided any more */
function standingOf({ runId, hook }: DecisionRequest, run: Run): ApprovalRecord {
  const hooks = run.hooks.map((record) => recordAsTold(run, record));
  const standing = hooks.find((record) => record.hook === hook)?.approval;
  if (isTerminal(run.state) && (standing?.decided ?? null) === null)
    throw new GantryError('RUN_FINISHED', `the run ${runId} has ended: ${run.state}`);
  if (standing !== undefined) return standing;
  const waiting = hooks.filter(({ approval }) => approval?.decided === null).map((record) => record.hook);
  const instead = waiting.length === 0 ? 'none of its hooks does' : `these do: ${waiting.join(', ')}`;
  throw new GantryError(
    'APPROVAL_NOT_ASKED',
    `the hook ${JSON.stringify(hook.slice(0, 64))} of ${runId} waits for no decision; ${instead}`,
  );
}

/** The same decision again has the same answer. */
function repeatOf({ hook, decision }: DecisionRequest, decided: ApprovalDecision): ApprovalDecision {
  if (decided.decision === decision) return decided;
  throw new GantryError('APPROVAL_DECIDED', `about ${hook} it was decided before: ${decided.decision} (${decided.by})`);
}

/** The time that was left for the decision was added to the run's deadline when it was asked; what was not needed goes back. */
function changesOf(run: Run, hook: string, approval: ApprovalRecord): RunChanges {
  const nowMs = approval.decided?.atMs ?? approval.askedAtMs;
  const unusedMs = Math.max(0, approval.timeoutAtMs - nowMs);
  return {
    hooks: run.hooks.map((record) => (record.hook === hook ? { ...record, approval } : record)),
    deadlineAtMs: run.deadlineAtMs === null ? null : run.deadlineAtMs - unusedMs,
    // Another time than before in any case: the guard of who decides at the same moment must fail.
    readyAtMs: run.readyAtMs === nowMs ? nowMs - 1 : nowMs,
  };
}
