// Says to other workers that this one lives, and to this one when they must think that it does not: without an acknowledged beat for two
// thirds of `deadAfterMs` the worker lets its runs go, well before anyone else may take them.
import { messageOf } from '../core/errors/gantry-error.ts';
import { failpoint } from '../core/failpoints.ts';
import type { Deadline } from '../core/ports/clock.ts';
import { tryOnce } from './persist.ts';
import type { RunPorts, RunSettings } from './run-ports.ts';

export class Heartbeat implements AsyncDisposable {
  readonly #ports: Pick<RunPorts, 'store' | 'clock' | 'logger'>;
  readonly #settings: RunSettings;
  readonly #onSilent: () => void;
  readonly #stop = new AbortController();
  readonly #startedAtMs: number;
  #watch: Deadline | null = null;
  #isAlive = false;
  #beating: Promise<void> = Promise.resolve();

  /** @param onSilent called when no beat was acknowledged for too long; once per silence */
  constructor(ports: Pick<RunPorts, 'store' | 'clock' | 'logger'>, settings: RunSettings, onSilent: () => void) {
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
    this.#beating = this.#loop();
  }

  /** Stops beating and takes the worker's record away, so that nobody waits for it to die. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#beating;
    this.#watch?.[Symbol.dispose]();
    this.#isAlive = false;
    const { store } = this.#ports;
    try {
      await this.#once('removeWorker', (options) => store.removeWorker(this.#settings.workerId, options));
    } catch (error) {
      this.#ports.logger.log('warn', 'the worker could not sign off', { cause: messageOf(error) });
    }
  }

  async #loop(): Promise<void> {
    while (await this.#rest()) await this.#tryBeat();
  }

  /** @returns false when the beating is to stop */
  async #rest(): Promise<boolean> {
    try {
      await this.#ports.clock.sleep(this.#settings.heartbeatMs, this.#stop.signal);
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
    const leftMs = (this.#settings.deadAfterMs * 2) / 3 - (clock.monotonicMs() - sentAtMs);
    if (leftMs <= 0) return;
    this.#isAlive = true;
    this.#rearm(leftMs);
  }

  #rearm(leftMs: number): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = this.#ports.clock.deadline(leftMs);
    this.#watch.signal.addEventListener(
      'abort',
      () => {
        this.#isAlive = false;
        this.#onSilent();
      },
      { once: true },
    );
  }

  async #once(operation: string, work: Parameters<typeof tryOnce<void>>[2]): Promise<void> {
    const { heartbeatMs, storeTimeoutMs } = this.#settings;
    await tryOnce({ ...this.#ports, storeTimeoutMs: Math.min(storeTimeoutMs, 2 * heartbeatMs) }, operation, work);
  }
}
