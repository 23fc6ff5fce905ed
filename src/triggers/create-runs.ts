// Everything about runs behind one small face: start, cancel, wait; work in the background; stop cleanly. Made once, by compose.ts.
import type { ApprovalDecision } from '../core/approval.ts';
import type { RunId } from '../core/ids.ts';
import type { Run } from '../core/run.ts';
import type { RunRecords } from '../core/run-records.ts';
import { expectRecords, recordsOf } from '../pipeline/records/kept-records.ts';
import { RunPlaces } from '../pipeline/worker/run-places.ts';
import { RunLoop } from '../pipeline/worker/run-loop.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import { ConcurrencyGate } from './concurrency-gate.ts';
import { decideApproval, type DecisionEffects, type DecisionRequest } from './decide-approval.ts';
import { redriveRuns, type RedriveReport, type RedriveRequest } from './redrive-runs.ts';
import { RunReplayer, type ReplayRequest, type RetryRequest } from './replay-runs.ts';
import { requestCancel } from './request-cancel.ts';
import { SettledRuns } from './settled-runs.ts';
import { SubRuns } from './sub-runs.ts';
import { RunStarter, type Started, type StartRequest } from './start-run.ts';

export interface RunsOptions extends Omit<RunPorts, 'startChild'> {
  readonly settings: RunSettings;
}

/** Disposing of it drains with the whole grace. */
export interface Runs extends AsyncDisposable {
  /**
   * @throws GantryError DRAINING, PIPELINE_NOT_FOUND, PARAMS_INVALID, INPUT_INVALID, IDEMPOTENCY_CONFLICT, QUEUE_FULL, CONCURRENCY_FULL,
   * EXPRESSION_INVALID, STORE_*
   */
  startRun(request: StartRequest): Promise<Started>;
  /** Resolves when the request is durable. @throws GantryError RUN_NOT_FOUND, RUN_FINISHED, STORE_* */
  requestCancel(runId: RunId): Promise<Run>;
  /** A new run that goes on where an ended one failed. @throws GantryError as RunReplayer.retry */
  retryRun(request: RetryRequest): Promise<Started>;
  /** A new run that begins again at any hook of an ended one. @throws GantryError as RunReplayer.replay */
  replayRun(request: ReplayRequest): Promise<Started>;
  /** @throws GantryError as redriveRuns */
  redrive(request: RedriveRequest, signal: AbortSignal): Promise<RedriveReport>;
  /**
   * Takes down what somebody decided about a hook that waits for it.
   * @throws GantryError RUN_NOT_FOUND, RUN_FINISHED, APPROVAL_NOT_ASKED, APPROVAL_DECIDED, INPUT_INVALID, STORE_*
   */
  decideApproval(request: DecisionRequest): Promise<ApprovalDecision>;
  /** The run in its terminal state. @throws GantryError RUN_NOT_FOUND, or the signal's reason */
  waitSettled(runId: RunId, options: { readonly signal: AbortSignal }): Promise<Run>;
  /** Before `waitSettled`, by who wants to know what the run leaves behind; to be disposed of after `recordsOf`. */
  expectRecords(runId: RunId): Disposable;
  /** What a run left behind that was expected, when this process has it at hand; null: the store has it. */
  recordsOf(runId: RunId): RunRecords | null;
  /** Signs the worker on, recovers forsaken runs and claims queued ones from now on; a store that is away is waited for. */
  start(): Promise<void>;
  /**
   * Accepts and claims nothing more; resolves when nothing is in flight. Any caller's signal cuts the grace short.
   * @returns false when runs had to be let go as they were
   */
  drain(signal: AbortSignal): Promise<boolean>;
  isDraining(): boolean;
  /** Something that kept runs from being claimed is over: the queue is looked at now. */
  wake(): void;
  /** runs in flight in this process */
  runningCount(): number;
}

export function createRuns({ settings, ...given }: RunsOptions): Runs {
  const ports: RunPorts = { ...given, startChild: (request) => subRuns.start(request) };
  const onEnded = (run: Run): void => {
    settled.tell(run);
    places.release(run);
    subRuns.tell(run);
  };
  const loop = new RunLoop(ports, settings, onEnded, () => {
    places.sweep();
    subRuns.sweep();
  });
  const wake = loop.wake.bind(loop);
  const places = new RunPlaces(ports, settings, wake);
  const settled = new SettledRuns(ports, settings, (runId) => loop.inFlight(runId) !== undefined);
  let draining: Promise<boolean> | null = null;
  const impatience = new AbortController();
  const drain = async (signal: AbortSignal): Promise<boolean> => {
    passOn(signal, impatience);
    draining ??= loop.drain(impatience.signal);
    const isSettled = await draining;
    await subRuns.settled();
    await places.settled();
    return isSettled;
  };
  const cancel = (runId: RunId): Promise<Run> =>
    requestCancel(runId, ports, settings, {
      onRequested: (id) => {
        loop.inFlight(id)?.stop.stop('cancelled');
      },
      onEnded,
    });
  const door = {
    isDraining: () => draining !== null,
    begin: loop.begin.bind(loop),
    onQueued: wake,
  };
  const starter = new RunStarter(ports, settings, door, new ConcurrencyGate(ports, settings, places, cancel));
  const startRun = (request: StartRequest): Promise<Started> => starter.startRun(request);
  const replayer = new RunReplayer(ports, settings, startRun);
  const subRuns = new SubRuns(ports, settings, { startRun, requestCancel: cancel, onReady: wake });
  return {
    startRun,
    retryRun: (request) => replayer.retry(request),
    replayRun: (request) => replayer.replay(request),
    redrive: (request, signal) => redriveRuns(request, { ...ports, settings, replayer }, signal),
    requestCancel: cancel,
    decideApproval: (request) => decideApproval(request, ports, settings, effectsOn(loop)),
    waitSettled: (runId, { signal }) => settled.wait(runId, signal),
    expectRecords,
    recordsOf,
    start: () => loop.start(),
    drain,
    isDraining: () => draining !== null,
    wake,
    runningCount: () => loop.runningCount,
    [Symbol.asyncDispose]: async () => {
      await drain(new AbortController().signal);
    },
  };
}

/** A decision reaches who leads the run here, or wakes the run that nobody leads. */
function effectsOn(loop: RunLoop): DecisionEffects {
  return {
    onTold: (run) => {
      loop.inFlight(run.id)?.lease.hear(run);
    },
    onReady: () => {
      loop.wake();
    },
  };
}

/** Aborts the one when the other is. */
function passOn(signal: AbortSignal, to: AbortController): void {
  const abort = (): void => {
    to.abort();
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
}
