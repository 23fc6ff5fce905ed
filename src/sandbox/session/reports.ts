// Takes what a plugin reports of one invocation. Of progress everything is kept as the last, and at most four a second are told: the first
// at once, the latest of a burst when its quarter second is over. All text is hostile.
import {
  PROGRESS_MESSAGE_MAX,
  REPORTED_METRICS_BYTES,
  REPORTED_METRICS_MAX,
  type Progress,
  type Reported,
  type ReportedMetric,
} from '../../core/reported.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Redactor } from '../../core/redact.ts';
import { escapeText } from '../../lib/escape-text.ts';

const PAUSE_MS = 250;

export class Reports {
  readonly #clock: Clock;
  readonly #redactor: Redactor;
  readonly #onProgress: (progress: Progress) => void;
  /** null until the first one, as most invocations report nothing */
  #metrics: Map<string, ReportedMetric> | null = null;
  #progress: Progress | null = null;
  #untold: Progress | null = null;
  #pause: AbortController | null = null;
  #metricBytes = 0;
  #dropped = 0;

  constructor(clock: Clock, redactor: Redactor, onProgress: (progress: Progress) => void) {
    this.#clock = clock;
    this.#redactor = redactor;
    this.#onProgress = onProgress;
  }

  /** What is to be kept; null when nothing came. */
  get reported(): Reported | null {
    if (this.#progress === null && this.#metrics === null && this.#dropped === 0) return null;
    const metrics = [...(this.#metrics?.values() ?? [])];
    return { progress: this.#progress, metrics, droppedMetrics: this.#dropped };
  }

  progress({ done, total, message }: Progress): void {
    const text = message === null ? null : this.#safe(message).slice(0, PROGRESS_MESSAGE_MAX);
    this.#progress = { done, total, message: text };
    this.#untold = this.#progress;
    if (this.#pause === null) this.#tell();
  }

  metric({ name, value, labels }: ReportedMetric): void {
    const entries = Object.entries(labels).map(([label, of]) => [label, this.#safe(of)] as const);
    const metric = {
      name,
      value,
      labels: Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1))),
    };
    const key = `${name} ${JSON.stringify(metric.labels)}`;
    this.#metrics ??= new Map();
    const known = this.#metrics.get(key);
    const sizeBytes = sizeOf(metric) - (known === undefined ? 0 : sizeOf(known));
    const isFull = this.#metricBytes + sizeBytes > REPORTED_METRICS_BYTES;
    if (isFull || (known === undefined && this.#metrics.size >= REPORTED_METRICS_MAX)) {
      this.#dropped += 1;
      return;
    }
    this.#metricBytes += sizeBytes;
    this.#metrics.set(key, metric);
  }

  /** The invocation has ended: what was not told yet is told. */
  end(): void {
    this.#pause?.abort();
    if (this.#untold !== null) this.#onProgress(this.#untold);
    this.#untold = null;
  }

  #tell(): void {
    if (this.#untold === null) return;
    const progress = this.#untold;
    this.#untold = null;
    const pause = new AbortController();
    this.#pause = pause;
    this.#onProgress(progress);
    this.#clock.sleep(PAUSE_MS, pause.signal).then(
      () => {
        this.#pause = null;
        this.#tell();
      },
      () => undefined,
    );
  }

  #safe(text: string): string {
    return this.#redactor.text(escapeText(this.#redactor.text(text)));
  }
}

function sizeOf(metric: ReportedMetric): number {
  return Buffer.byteLength(JSON.stringify(metric)) + 1;
}
