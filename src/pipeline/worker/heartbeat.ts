// Says to other workers that this one lives, and to this one when they must think that it does not: without an acknowledged beat for two
// thirds of `deadAfterMs` a worker among others lets its runs go, well before anyone else may take them. Where the store's beats have a thread of their
// own, this loop only pulses it: what holds up the main loop for a moment costs no beat, and a main loop that has stalled loses its lease.
import { messageOf } from '../../core/errors/gantry-error.ts';
import type { BeatThread } from '../../core/ports/beat-thread.ts';
import { failpoint } from '../../core/failpoints.ts';
import type { Deadline } from '../../core/ports/clock.ts';
import { tryOnce } from '../records/persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

/** Pulses in the time of one beat. */
const PULSES = 4;

type Ports = Pick<RunPorts, 'store' | 'clock' | 'logger' | 'startBeats'>;

export class Heartbeat implements AsyncDisposable {
  readonly #ports: Ports;
  readonly #settings: RunSettings;
  readonly #onSilent: () => void;
  readonly #stop = new AbortController();
  readonly #startedAtMs: number;
  #thread: BeatThread | null = null;
  #watch: Deadline | null = null;
  #isAlive = false;
  #beating: Promise<void> = Promise.resolve();

  /** @param onSilent called when no beat was acknowledged for too long, unless this is the only worker; once per silence */
  constructor(ports: Ports, settings: RunSettings, onSilent: () => void) {
    this.#ports = ports;
    this.#settings = settings;
    this.#onSilent = onSilent;
    this.#startedAtMs = ports.clock.nowMs();
  }

  /** True while others must count this worker as living: only then may it claim. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Resolves after the first beat, acknowledged or not: a store that is away now may be back at the next one. */
  async start(): Promise<void> {
    await this.#tryBeat();
    const { workerId, heartbeatMs: intervalMs, deadAfterMs } = this.#settings;
    const settings = { workerId, startedAtMs: this.#startedAtMs, intervalMs, stallMs: deadAfterMs / 3 };
    this.#thread = this.#ports.startBeats?.(settings) ?? null;
    this.#beating = this.#thread === null ? this.#beatLoop() : this.#pulseLoop(this.#thread);
  }

  /** Stops beating and takes the worker's record away, so that nobody waits for it to die. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#beating;
    await this.#thread?.[Symbol.asyncDispose]();
    this.#watch?.[Symbol.dispose]();
    this.#isAlive = false;
    const { store } = this.#ports;
    try {
      await this.#once('removeWorker', (options) => store.removeWorker(this.#settings.workerId, options));
    } catch (error) {
      this.#ports.logger.log('warn', 'the worker could not sign off', { cause: messageOf(error) });
    }
  }

  async #beatLoop(): Promise<void> {
    while (await this.#rest(this.#settings.heartbeatMs)) await this.#tryBeat();
  }

  async #pulseLoop(thread: BeatThread): Promise<void> {
    while (await this.#rest(this.#settings.heartbeatMs / PULSES)) {
      failpoint('beat-due');
      thread.pulse();
      failpoint('beat-stored');
      this.#noteAge(thread.ackAgeMs());
    }
  }

  /** @returns false when the beating is to stop */
  async #rest(durationMs: number): Promise<boolean> {
    try {
      await this.#ports.clock.sleep(durationMs, this.#stop.signal);
      return true;
    } catch {
      return false;
    }
  }

  async #tryBeat(): Promise<void> {
    try {
      await this.#beat();
    } catch (error) {
      this.#ports.logger.log('warn', 'a heartbeat was not acknowledged', { cause: messageOf(error) });
    }
  }

  async #beat(): Promise<void> {
    const { clock, store } = this.#ports;
    const sentAtMs = clock.monotonicMs();
    const record = { id: this.#settings.workerId, startedAtMs: this.#startedAtMs, beatAtMs: clock.nowMs() };
    failpoint('beat-due');
    await this.#once('putWorker', (options) => store.putWorker(record, options));
    failpoint('beat-stored');
    this.#noteAge(clock.monotonicMs() - sentAtMs);
  }

  /** @param ageMs of the latest beat that was acknowledged; null: none was. @returns whether it is young enough */
  #noteAge(ageMs: number | null): boolean {
    const leftMs = ageMs === null ? 0 : (this.#settings.deadAfterMs * 2) / 3 - ageMs;
    if (leftMs <= 0) return false;
    this.#isAlive = true;
    this.#rearm(leftMs);
    return true;
  }

  #rearm(leftMs: number): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = this.#ports.clock.deadline(leftMs);
    this.#watch.signal.addEventListener(
      'abort',
      () => {
        // The thread may have beaten while this loop was held up.
        if (this.#noteAge(this.#thread?.ackAgeMs() ?? null)) return;
        this.#isAlive = false;
        // Nobody else can take what the only worker has: its runs go on, and their ends wait for the store as long as their time allows.
        if (!this.#settings.isOnlyWorker) this.#onSilent();
      },
      { once: true },
    );
  }

  async #once(operation: string, work: Parameters<typeof tryOnce<void>>[2]): Promise<void> {
    const { heartbeatMs, storeTimeoutMs } = this.#settings;
    await tryOnce({ ...this.#ports, storeTimeoutMs: Math.min(storeTimeoutMs, 2 * heartbeatMs) }, operation, work);
  }
}
