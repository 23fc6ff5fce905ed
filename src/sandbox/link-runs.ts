// The runs in flight of one stream link: whose log lines, bytes and verdicts they are.
import type { JsonValue } from '../core/json.ts';
import type { Outcome } from '../core/outcome.ts';
import type { SessionEvent } from '../protocol/stream/session-events.ts';
import type { LogLines } from './log-lines.ts';
import type { Reports } from './reports.ts';
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

/** Where what comes of a run goes. */
export interface RunListener {
  readonly logs: LogLines;
  readonly usage: UsageWatch;
  readonly reports: Reports;
  /** called once, whatever comes */
  readonly onEnded: (verdict: LinkVerdict) => void;
}

type RunEvent = Extract<SessionEvent, { readonly type: 'runEnded' | 'logLine' | 'progress' | 'metric' }>;

interface OpenRun extends LinkRun {
  readonly listener: RunListener;
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

  add(id: number, listener: RunListener): LinkRun {
    const run: OpenRun = { id, listener, sentAtMs: null, firstByteAtMs: null, seenBytes: 0 };
    this.#logs = listener.logs;
    this.#usage = listener.usage;
    this.#open.set(id, run);
    this.#lastId = id;
    return run;
  }

  /** Takes what was said of a run; what comes of one that is over is no longer looked at, but for its log. */
  take(event: RunEvent): void {
    if (event.type === 'runEnded') {
      this.#end(event.id, event);
      return;
    }
    const listener = this.#listenerOf(event.id);
    if (event.type === 'logLine') (listener?.logs ?? this.#logs).take(event.line);
    else if (event.type === 'progress') listener?.reports.progress(event);
    else listener?.reports.metric(event);
  }

  #listenerOf(id: number | null): RunListener | null {
    return id === null ? null : (this.#open.get(id)?.listener ?? null);
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

  #end(id: number, { outcome, result }: LinkVerdict): void {
    const run = this.#open.get(id);
    if (run === undefined) return;
    this.#open.delete(id);
    const { logs, reports, onEnded } = run.listener;
    logs.end();
    reports.end();
    onEnded({ outcome, result });
  }

  endAll(outcome: Outcome): void {
    for (const id of [...this.#open.keys()]) this.#end(id, { outcome, result: null });
  }
}
