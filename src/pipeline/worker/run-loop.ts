// Claims queued runs and keeps up to `maxRunning` of them in flight. One flow does claim → launch → sweep → rest, so a sweep never takes
// a run that was claimed a moment ago for a forsaken one. A hint only shortens the rest; nothing depends on it.
import { messageOf } from '../../core/errors/gantry-error.ts';
import { CoarseDeadlines } from '../../core/coarse-deadlines.ts';
import { failpoint } from '../../core/failpoints.ts';
import type { RunId } from '../../core/ids.ts';
import type { Run } from '../../core/run.ts';
import { RunExecution, type SharedParts } from '../execute-run.ts';
import { GiveBack } from './give-back.ts';
import { hearOthers } from './hear-others.ts';
import { Heartbeat } from './heartbeat.ts';
import { LogBuffer } from '../records/log-buffer.ts';
import { tryOnce } from '../records/persist.ts';
import type { FreshRun } from '../records/run-writes.ts';
import { recoverRuns } from './recover-runs.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';
import { STOP_WAIT_MS } from '../invocation/settle-after-stop.ts';
import { OverdueWatch } from './overdue-watch.ts';
import { StrayWatch } from './stray-watch.ts';
import { WakeTimes } from './wake-times.ts';
import { settledWithin } from './settled-within.ts';

const BATCH = 16;
const REST_FIRST_MS = 25;
const REST_LONGEST_MS = 1_000;
const WATCH_MS = 1_000;

export class RunLoop {
  readonly #ports: RunPorts;
  readonly #settings: RunSettings;
  readonly #onSettled: (run: Run) => void;
  readonly #onSwept: () => void;
  readonly #shared: SharedParts;
  readonly #heartbeat: Heartbeat;
  readonly #inFlight = new Map<RunId, RunExecution>();
  readonly #strays = new StrayWatch();
  readonly #overdue = new OverdueWatch();
  readonly #stop = new AbortController();
  readonly #wakeTimes = new WakeTimes();
  #waker = new AbortController();
  #nextSweepAtMs = Number.NEGATIVE_INFINITY;
  #isCatalogReady = false;
  /** false when the last look found fewer queued runs than places */
  #hasBacklog = true;
  /** a run left this process while it drained, and is stored as running: given up, or its lease was lost */
  #hasLetGo = false;
  #flows: Promise<unknown> = Promise.resolve();

  /**
   * @param onSettled called for each run that this process ended or put back
   * @param onSwept called after every sweep for forsaken runs
   */
  constructor(ports: RunPorts, settings: RunSettings, onSettled: (run: Run) => void, onSwept: () => void) {
    this.#ports = ports;
    this.#settings = settings;
    this.#onSettled = onSettled;
    this.#onSwept = onSwept;
    const logs = new LogBuffer(ports, settings);
    this.#shared = { ports, settings, logs, deadlines: new CoarseDeadlines(ports.clock) };
    this.#heartbeat = new Heartbeat(ports, settings, () => {
      this.#abandonAll('no heartbeat was acknowledged for too long');
    });
  }

  get isDraining(): boolean {
    return this.#stop.signal.aborted;
  }

  get runningCount(): number {
    return this.#inFlight.size;
  }

  /** Signs on, then claims in the background. */
  async start(): Promise<void> {
    await this.#heartbeat.start();
    this.#flows = Promise.all([this.#whenPluginsAreBuilt(), this.#claimLoop(), this.#watchLoop()]);
  }

  /** A run whose end this process will tell. */
  inFlight(runId: RunId): RunExecution | undefined {
    return this.#inFlight.get(runId);
  }

  /** There is a queued run. */
  wake(): void {
    this.#hasBacklog = true;
    this.#waker.abort();
  }

  /**
   * Begins a new run at once when a place is free and none waits for it: accepted and under way in one write.
   * @returns settles as that write does; null: the run is to be queued
   */
  begin(run: Run, fresh: Omit<FreshRun, 'queued'>): Promise<Run> | null {
    if (this.#wanted() <= 0 || this.#hasBacklog || this.isDraining) return null;
    const { workerId: worker } = this.#settings;
    return this.#launch({ ...run, state: 'running', epoch: run.epoch + 1, worker }, { queued: run, ...fresh }).accepted;
  }

  /**
   * Claims no more, lets running runs go on for `graceMs` (or until the signal aborts), then stops them: they go back to the queue where
   * nothing would be called twice by that, else they fail with DRAINING. Queued and waiting runs stay as they are. Resolves when nothing is
   * in flight. @returns false when runs had to be let go as they were: the next start settles them
   */
  async drain(signal: AbortSignal): Promise<boolean> {
    const { logger } = this.#ports;
    this.#stop.abort();
    await this.#flows;
    if (!(await this.#emptied(this.#settings.graceMs, signal))) {
      logger.log('warn', 'runs are stopped: the grace is over', { count: this.#inFlight.size });
      for (const execution of this.#inFlight.values()) execution.stop.stop('draining');
      if (!(await this.#emptied(STOP_WAIT_MS + this.#settings.storeTimeoutMs, null))) {
        this.#abandonAll('the program ends');
        await this.#emptied(STOP_WAIT_MS, null);
      }
    }
    await this.#shared.logs.flush();
    await this.#heartbeat[Symbol.asyncDispose]();
    this.#shared.deadlines[Symbol.dispose]();
    return !this.#hasLetGo && this.#inFlight.size === 0;
  }

  async #claimLoop(): Promise<void> {
    let restMs = REST_FIRST_MS;
    while (!this.isDraining) {
      this.#waker = new AbortController();
      const wanted = this.#wanted();
      const claimed = wanted > 0 ? await this.#claim(wanted) : 0;
      if (wanted > 0) this.#hasBacklog = claimed === wanted;
      await this.#sweepIfDue();
      if (wanted > 0 && claimed === wanted) continue;
      restMs = claimed > 0 ? REST_FIRST_MS : restMs;
      const isWoken = await this.#rest(restMs);
      restMs = isWoken ? REST_FIRST_MS : Math.min(restMs * 2, REST_LONGEST_MS);
    }
  }

  /** A run must not pass a hook because the plugin of it is still being built after a start. */
  async #whenPluginsAreBuilt(): Promise<void> {
    try {
      await this.#ports.catalog.settled(this.#stop.signal);
    } catch (error) {
      if (this.isDraining) return;
      this.#ports.logger.log('warn', 'plugins did not settle', { cause: messageOf(error) });
    }
    this.#isCatalogReady = true;
    this.#nextSweepAtMs = Number.NEGATIVE_INFINITY;
    this.wake();
  }

  /** How many runs may be claimed now. While the engine is away none: they wait in the queue, where other workers find them. */
  #wanted(): number {
    if (!this.#heartbeat.isAlive || !this.#isCatalogReady || this.#ports.isEngineAway?.() === true) return 0;
    return Math.min(BATCH, this.#settings.maxRunning - this.#inFlight.size);
  }

  async #claim(limit: number): Promise<number> {
    const { store, clock, logger } = this.#ports;
    const { workerId: worker } = this.#settings;
    const pipelines = [...this.#ports.pipelines().keys()];
    try {
      const runs = await this.#once('claimRuns', (options) =>
        store.claimRuns({ worker, limit, nowMs: clock.nowMs(), pipelines }, options),
      );
      if (runs.length > 0) failpoint('run-claimed');
      for (const run of runs) this.#launch(run, null);
      return runs.length;
    } catch (error) {
      logger.log('warn', 'no runs could be claimed', { cause: messageOf(error) });
      return 0;
    }
  }

  #launch(run: Run, fresh: FreshRun | null): RunExecution {
    const execution = new RunExecution(run, this.#shared, fresh);
    this.#inFlight.set(run.id, execution);
    void execution.ended.then((ended) => {
      this.#inFlight.delete(run.id);
      if (this.isDraining && ended.state === 'running') this.#hasLetGo = true;
      // A wait that is over before the loop would look again shortens its rest.
      if (this.#wakeTimes.note(ended, this.#ports.clock.nowMs())) this.#waker.abort();
      this.#onSettled(ended);
      if (this.#hasBacklog) this.wake();
    });
    return execution;
  }

  async #sweepIfDue(): Promise<void> {
    const { clock, logger } = this.#ports;
    if (clock.monotonicMs() < this.#nextSweepAtMs || !this.#heartbeat.isAlive) return;
    this.#nextSweepAtMs = clock.monotonicMs() + this.#settings.deadAfterMs / 3;
    try {
      const settled = await recoverRuns({
        ...this.#shared,
        isCatalogReady: this.#isCatalogReady,
        strays: this.#strays,
        overdue: this.#overdue,
        isInFlight: (runId) => this.#inFlight.has(runId),
      });
      for (const run of settled) this.#onSettled(run);
      if (settled.length > 0) this.wake();
      this.#onSwept();
    } catch (error) {
      logger.log('warn', 'the sweep for forsaken runs failed', { cause: messageOf(error) });
    }
  }

  /** Hears what other processes wrote: a cancel request, or a decision. */
  async #watchLoop(): Promise<void> {
    if (this.#settings.isOnlyWorker) return;
    const { clock } = this.#ports;
    const giveBack = new GiveBack(this.#ports, this.#settings);
    while (!this.isDraining || this.#inFlight.size > 0) {
      await clock.sleep(WATCH_MS, this.#stop.signal).catch(() => undefined);
      if (this.isDraining) return;
      const executions = [...this.#inFlight.values()];
      giveBack.look(executions);
      await Promise.all(executions.map((execution) => hearOthers(execution, this.#ports, this.#settings)));
    }
  }

  #abandonAll(cause: string): void {
    for (const execution of this.#inFlight.values()) execution.abandon(cause);
  }

  /** @returns true when nothing is in flight within the time */
  async #emptied(durationMs: number, signal: AbortSignal | null): Promise<boolean> {
    const ended = [...this.#inFlight.values()].map((execution) => execution.ended);
    return await settledWithin(this.#ports.clock, ended, durationMs, signal);
  }

  /** Rests until the time is over, someone wakes the loop, or it is to stop. @returns true when woken */
  async #rest(restMs: number): Promise<boolean> {
    const jitter = 0.75 + Number.parseInt(this.#ports.ids.randomHex(1), 16) / 512;
    const { clock } = this.#ports;
    const signal = AbortSignal.any([this.#waker.signal, this.#stop.signal]);
    const durationMs = Math.min(restMs * jitter, this.#wakeTimes.untilNextMs(clock.nowMs()));
    if (durationMs <= 0) return true;
    try {
      await clock.sleep(Math.ceil(durationMs), signal);
      return false;
    } catch {
      return true;
    }
  }

  async #once<T>(operation: string, work: Parameters<typeof tryOnce<T>>[2]): Promise<T> {
    return await tryOnce({ ...this.#ports, ...this.#settings }, operation, work);
  }
}
