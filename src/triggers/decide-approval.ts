// Takes down what somebody decided about a hook that waits for it: the decision and "ready now" are one conditional write, so a decision is
// never durable without waking its run, and of two at once one stands. A run whose other branches are at work is its worker's alone to write:
// where that is this program, the decision goes by it; where it is another one, the run is waited for a little, then the decision is refused.
import { COMMENT_MAX, type ApprovalDecision, type ApprovalRecord, type Decision } from '../core/approval.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { RunEvent } from '../core/events.ts';
import type { RunId } from '../core/ids.ts';
import type { RunChanges, StoreWrite } from '../core/ports/store.ts';
import { isTerminal, type Run } from '../core/run.ts';
import type { DecisionsAtWork } from '../pipeline/decisions-at-work.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import { LeaseLost } from '../pipeline/records/run-lease.ts';
import { RunJournal } from '../pipeline/records/run-journal.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';

/** How long a run at work is waited for, and how often it is looked at. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 200;
const RETRY_AFTER_MS = 2_000;

export interface DecisionRequest {
  readonly runId: RunId;
  readonly hook: string;
  readonly decision: Decision;
  /** who decides: `api`, `cli`, `panel` */
  readonly by: string;
  /** at most COMMENT_MAX characters */
  readonly comment: string | null;
}

export interface DecisionWays {
  /** who leads the run in this program; null: nobody */
  readonly atWork: (runId: RunId) => DecisionsAtWork | null;
  /** a run without a worker is ready now */
  readonly onDecided: (run: Run) => void;
}

/** @throws GantryError RUN_NOT_FOUND, RUN_FINISHED, APPROVAL_NOT_ASKED, APPROVAL_DECIDED, RUN_AT_WORK, INPUT_INVALID, STORE_* */
export async function decideApproval(
  request: DecisionRequest,
  ports: RunPorts,
  settings: RunSettings,
  { atWork, onDecided }: DecisionWays,
): Promise<ApprovalDecision> {
  const { runId, comment } = request;
  if ((comment ?? '').length > COMMENT_MAX)
    throw new GantryError('INPUT_INVALID', `a comment has at most ${String(COMMENT_MAX)} characters`);
  const giveUpAtMs = ports.clock.monotonicMs() + PATIENCE_MS;
  while (ports.clock.monotonicMs() < giveUpAtMs) {
    const run = await tryOnce({ ...ports, ...settings }, 'findRun', (options) => ports.store.findRun(runId, options));
    const standing = standingOf(request, run);
    if (standing.decided !== null) return repeatOf(request, standing.decided);
    if (run?.state === 'running') {
      const decided = decisionOf(request, ports);
      if (await takenAtWork(atWork(runId), request.hook, decided)) return decided;
      await ports.clock.sleep(LOOK_MS);
    } else if (run !== null) {
      const written = await write(run, request, standing, { ports, settings });
      if (written === null) continue;
      onDecided(written.run);
      return written.decided;
    }
  }
  const wait = { retryAfterMs: RETRY_AFTER_MS };
  throw new GantryError('RUN_AT_WORK', `other hooks of ${runId} are at work`, wait);
}

/** False when it is to be looked at again how the run stands. */
async function takenAtWork(
  decisions: DecisionsAtWork | null,
  hook: string,
  decided: ApprovalDecision,
): Promise<boolean> {
  try {
    return (await decisions?.decide(hook, decided)) ?? false;
  } catch (error) {
    if (error instanceof LeaseLost) return false;
    throw error;
  }
}

function decisionOf({ decision, by, comment }: DecisionRequest, { clock }: RunPorts): ApprovalDecision {
  return { decision, by, atMs: clock.nowMs(), comment };
}

interface Written {
  readonly run: Run;
  readonly decided: ApprovalDecision;
}

/** Null: the run moved on between our look and our write. */
async function write(
  run: Run,
  request: DecisionRequest,
  standing: ApprovalRecord,
  { ports, settings }: { readonly ports: RunPorts; readonly settings: RunSettings },
): Promise<Written | null> {
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
  return { run: { ...run, ...changes }, decided };
}

/** What was asked about the hook. @throws GantryError when nothing was, or nothing can be decided any more */
function standingOf({ runId, hook }: DecisionRequest, run: Run | null): ApprovalRecord {
  if (run === null) throw new GantryError('RUN_NOT_FOUND', `no run has the id ${runId}`);
  const standing = run.hooks.find((record) => record.hook === hook)?.approval;
  if (isTerminal(run.state) && (standing?.decided ?? null) === null)
    throw new GantryError('RUN_FINISHED', `the run ${runId} has ended: ${run.state}`);
  if (standing !== undefined) return standing;
  const asked = run.hooks.filter(({ approval }) => approval?.decided === null).map((record) => record.hook);
  const instead = asked.length === 0 ? 'none of its hooks does' : `these do: ${asked.join(', ')}`;
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
