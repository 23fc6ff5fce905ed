// The runs in flight of one stream link: whose log lines, bytes and verdicts they are.
import type { JsonValue } from '../core/json.ts';
import type { Outcome } from '../core/outcome.ts';
import type { LogLines } from './log-lines.ts';
import type { UsageWatch } from './usage-watch.ts';

export interface LinkVerdict {
  readonly outcome: Outcome;
  readonly result: JsonValue | null;
}

/** A run in flight; times are of the monotonic clock, null until they come. */
export interface LinkRun {
  readonly id: number;
  sentAtMs: number | null;
  firstByteAtMs: number | null;
  /** stdout that came while it ran */
  seenBytes: number;
}

interface OpenRun extends LinkRun {
  readonly logs: LogLines;
  readonly onEnded: (verdict: LinkVerdict) => void;
}

export class LinkRuns {
  readonly #open = new Map<number, OpenRun>();
  #lastId = 0;
  #logs: LogLines;
  #usage: UsageWatch;

  /** @param logs and @param usage those of the start */
  constructor(logs: LogLines, usage: UsageWatch) {
    this.#logs = logs;
    this.#usage = usage;
  }

  /** Whose stderr it is: of the run that started last, or of the start. Late stderr still belongs to it. */
  get lastLogs(): LogLines {
    return this.#logs;
  }

  get lastUsage(): UsageWatch {
    return this.#usage;
  }

  /** @param onEnded called once, whatever comes */
  add(id: number, logs: LogLines, usage: UsageWatch, onEnded: (verdict: LinkVerdict) => void): LinkRun {
    const run: OpenRun = { id, logs, onEnded, sentAtMs: null, firstByteAtMs: null, seenBytes: 0 };
    this.#logs = logs;
    this.#usage = usage;
    this.#open.set(id, run);
    this.#lastId = id;
    return run;
  }

  logsOf(id: number | null): LogLines {
    return (id === null ? undefined : this.#open.get(id)?.logs) ?? this.#logs;
  }

  /** The id of the run that started last, 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  /** The runs up to that id have been written. */
  noteSent(lastId: number, nowMs: number): void {
    for (const run of this.#open.values()) if (run.id <= lastId) run.sentAtMs ??= nowMs;
  }

  noteOutput(byteCount: number, nowMs: number): void {
    for (const run of this.#open.values()) {
      run.firstByteAtMs ??= nowMs;
      run.seenBytes += byteCount;
    }
  }

  end(id: number, { outcome, result }: LinkVerdict): void {
    const run = this.#open.get(id);
    if (run === undefined) return;
    this.#open.delete(id);
    run.logs.end();
    run.onEnded({ outcome, result });
  }

  endAll(outcome: Outcome): void {
    for (const id of [...this.#open.keys()]) this.end(id, { outcome, result: null });
  }
}
