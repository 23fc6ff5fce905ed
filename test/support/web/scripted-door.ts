// A door to runs for tests of the web layer: runs go into the store as queued and end only when the test says so.
import type { ApprovalDecision } from '../../../src/core/approval.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { isTerminal, type Run, type RunState } from '../../../src/core/run.ts';
import type { EventBus } from '../../../src/observe/event-bus.ts';
import type { RedriveReport, RedriveRequest } from '../../../src/triggers/redrive-runs.ts';
import type { ReplayRequest, RetryRequest } from '../../../src/triggers/replay-runs.ts';
import type { DecisionRequest, RunDoor, RunRequest } from '../../../src/web/ports.ts';
import { buildRun, patient } from '../store/build-records.ts';

export class ScriptedDoor implements RunDoor {
  readonly requests: RunRequest[] = [];
  readonly decisions: DecisionRequest[] = [];
  /** thrown by the next startRun */
  refusal: GantryError | null = null;
  /** when set, every run ends at once in this state */
  endsAtOnceAs: RunState | null = null;
  readonly #store: Store;
  readonly #bus: EventBus;
  readonly #byKey = new Map<string, Run>();

  constructor(store: Store, bus: EventBus) {
    this.#store = store;
    this.#bus = bus;
  }

  async startRun(request: RunRequest): Promise<{ readonly run: Run; readonly isRepeat: boolean }> {
    const { refusal } = this;
    this.refusal = null;
    if (refusal !== null) throw refusal;
    const earlier = request.idempotencyKey === null ? undefined : this.#byKey.get(request.idempotencyKey);
    if (earlier !== undefined) return { run: earlier, isRepeat: true };
    this.requests.push(request);
    const run = buildRun({ pipeline: request.pipeline, trigger: request.trigger, params: request.params });
    await this.#store.insertRun(run, patient());
    if (request.idempotencyKey !== null) this.#byKey.set(request.idempotencyKey, run);
    this.#bus.emit({ kind: 'runQueued', run });
    if (this.endsAtOnceAs !== null) await this.end(run.id, this.endsAtOnceAs);
    return { run, isRepeat: false };
  }

  async requestCancel(id: RunId): Promise<Run> {
    const run = await this.#find(id);
    if (isTerminal(run.state)) throw new GantryError('RUN_FINISHED', `The run is ${run.state} already.`);
    await this.end(id, 'cancelled');
    return await this.#find(id);
  }

  /** what was asked for beside starts: [verb, request] */
  readonly others: (readonly [verb: string, request: object])[] = [];

  async retryRun(request: RetryRequest): Promise<{ readonly run: Run; readonly isRepeat: boolean }> {
    return await this.#remade('retry', request);
  }

  async replayRun(request: ReplayRequest): Promise<{ readonly run: Run; readonly isRepeat: boolean }> {
    return await this.#remade('replay', request);
  }

  async redrive(request: RedriveRequest): Promise<RedriveReport> {
    this.others.push(['redrive', request]);
    return await Promise.resolve({ isDryRun: request.isDryRun, retried: 0, items: [], next: null, isStopped: false });
  }

  async #remade(kind: 'retry' | 'replay', request: RetryRequest): Promise<{ run: Run; isRepeat: boolean }> {
    const { refusal } = this;
    this.refusal = null;
    if (refusal !== null) throw refusal;
    this.others.push([kind, request]);
    const origin = await this.#find(request.runId);
    const lineage = { kind, runId: origin.id, hook: 'sum' };
    const run = buildRun({ pipeline: origin.pipeline, trigger: 'replay', lineage });
    await this.#store.insertRun(run, patient());
    return { run, isRepeat: false };
  }

  async decideApproval(request: DecisionRequest): Promise<ApprovalDecision> {
    await this.#find(request.runId);
    this.decisions.push(request);
    return { ...request, atMs: 2_500 };
  }

  expectRecords(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  recordsOf(): null {
    return null;
  }

  async waitSettled(id: RunId, { signal }: { readonly signal: AbortSignal }): Promise<Run> {
    for (;;) {
      signal.throwIfAborted();
      const run = await this.#find(id);
      if (isTerminal(run.state)) return run;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Writes the end with its event, as a worker would. */
  async end(id: RunId, state: RunState): Promise<void> {
    const changes = { state, startedAtMs: 2_000, finishedAtMs: 3_500 };
    await this.#store.updateRun(id, { states: ['queued', 'running', 'waiting'] }, changes, patient());
    const run = await this.#find(id);
    await this.#store.appendEvents(
      [{ runId: id, seq: 1, atMs: 3_500, kind: 'runFinished', body: { state } }],
      patient(),
    );
    this.#bus.emit({ kind: 'runFinished', run });
  }

  async #find(id: RunId): Promise<Run> {
    const run = await this.#store.findRun(id, patient());
    if (run === null) throw new GantryError('RUN_NOT_FOUND', `There is no run ${id}.`);
    return run;
  }
}
