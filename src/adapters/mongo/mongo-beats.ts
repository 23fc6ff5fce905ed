// The main loop's side of the thread that beats. Times are of the machine's monotonic clock, which all threads share.
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../core/errors/gantry-error.ts';
import type { BeatSettings, BeatThread, StartBeats } from '../../core/ports/beat-thread.ts';
import type { Logger } from '../../core/ports/logger.ts';

/** Places in the shared times. */
export const PULSED = 0;
export const ACKNOWLEDGED = 1;

export interface BeatData extends BeatSettings {
  readonly uri: string;
  readonly database: string;
  /** of a connection, and of a beat */
  readonly timeoutMs: number;
  readonly times: SharedArrayBuffer;
}

/** A connection is not given up faster than this, however short the beats are. */
const TIMEOUT_MIN_MS = 1_000;
const RESTART_MS = 1_000;

/** @param uri of the database that the beats are kept in */
export function mongoBeats(uri: string, database: string, logger: Logger): StartBeats {
  return (settings) => new MongoBeats({ ...settings, uri, database }, logger);
}

class MongoBeats implements BeatThread {
  readonly #settings: Omit<BeatData, 'times' | 'timeoutMs'>;
  readonly #logger: Logger;
  readonly #buffer = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
  readonly #times = new BigInt64Array(this.#buffer);
  #worker: Worker;
  #restart: NodeJS.Timeout | null = null;
  #isClosing = false;
  #exited = Promise.withResolvers<undefined>();

  constructor(settings: Omit<BeatData, 'times' | 'timeoutMs'>, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    this.pulse();
    this.#worker = this.#begin();
  }

  pulse(): void {
    Atomics.store(this.#times, PULSED, process.hrtime.bigint());
  }

  ackAgeMs(): number | null {
    const sentNs = Atomics.load(this.#times, ACKNOWLEDGED);
    return sentNs === 0n ? null : Number(process.hrtime.bigint() - sentNs) / 1e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    if (this.#restart !== null) {
      clearTimeout(this.#restart);
      return;
    }
    this.#worker.postMessage('stop');
    await this.#exited.promise;
  }

  #begin(): Worker {
    const timeoutMs = Math.max(TIMEOUT_MIN_MS, 2 * this.#settings.intervalMs);
    const workerData: BeatData = { ...this.#settings, timeoutMs, times: this.#buffer };
    const worker = new Worker(new URL('./beat-worker.ts', import.meta.url), { workerData });
    worker.on('error', (error: unknown) => {
      this.#logger.log('error', 'the thread of the heartbeat failed', { cause: messageOf(error) });
    });
    worker.on('exit', () => {
      this.#exited.resolve(undefined);
      if (!this.#isClosing) this.#beginAgain();
    });
    return worker;
  }

  #beginAgain(): void {
    this.#restart = setTimeout(() => {
      this.#restart = null;
      this.#exited = Promise.withResolvers();
      this.#worker = this.#begin();
    }, RESTART_MS);
  }
}
