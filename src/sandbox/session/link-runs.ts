// The runs in flight of one stream link: whose log lines, bytes and verdicts they are.
import type { Outcome } from '../../core/outcome.ts';
import type { HostAnswer, InvocationServices } from '../../core/ports/host-services.ts';
import type { Verdict } from '../../protocol/reply.ts';
import type { PluginRequest, SessionEvent } from '../../protocol/stream/session-events.ts';
import type { LogLines } from './log-lines.ts';
import type { Reports } from './reports.ts';
import type { UsageWatch } from './usage-watch.ts';

export type LinkVerdict = Verdict;

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
  /** null: its plugin declares none */
  readonly services: InvocationServices | null;
  /** called once, whatever comes */
  readonly onEnded: (verdict: LinkVerdict) => void;
}

type OnAnswer = (request: PluginRequest, answer: HostAnswer) => void;

interface OpenRun extends LinkRun {
  readonly listener: RunListener;
  /** ends what it asked of the host; made when it asks */
  over: AbortController | null;
}

/** Where plugins are tried apart from runs, there is no store behind them. */
const NOBODY: HostAnswer = { kind: 'refusal', reason: 'UNAVAILABLE', message: 'nobody offers host services here' };

export class LinkRuns {
  readonly #open = new Map<number, OpenRun>();
  #lastId = 0;
  #logs: LogLines;
  #usage: UsageWatch;
  readonly #onAnswer: OnAnswer;

  /** @param logs and @param usage those of the start */
  constructor(logs: LogLines, usage: UsageWatch, onAnswer: OnAnswer) {
    this.#logs = logs;
    this.#usage = usage;
    this.#onAnswer = onAnswer;
  }

  /** Whose stderr it is: of the run that started last, or of the start. Late stderr still belongs to it. */
  get lastLogs(): LogLines {
    return this.#logs;
  }

  get lastUsage(): UsageWatch {
    return this.#usage;
  }

  add(id: number, listener: RunListener): LinkRun {
    const run: OpenRun = { id, listener, sentAtMs: null, firstByteAtMs: null, seenBytes: 0, over: null };
    this.#logs = listener.logs;
    this.#usage = listener.usage;
    this.#open.set(id, run);
    this.#lastId = id;
    return run;
  }

  /** Takes what was said of a run; what comes of one that is over is no longer looked at, but for its log. False: it is of none. */
  take(event: SessionEvent): boolean {
    switch (event.type) {
      case 'runEnded':
        this.#end(event.id, event);
        return true;
      case 'asked':
        void this.#perform(event.request);
        return true;
      case 'logLine':
        (this.#listenerOf(event.id)?.logs ?? this.#logs).take(event.line);
        return true;
      case 'progress':
        this.#listenerOf(event.id)?.reports.progress(event);
        return true;
      case 'metric':
        this.#listenerOf(event.id)?.reports.metric(event);
        return true;
      default:
        return false;
    }
  }

  /** A run that is not open here ended with the same bytes: the session has answered for it. */
  async #perform(request: PluginRequest): Promise<void> {
    const run = this.#open.get(request.runId);
    if (run === undefined) return;
    run.over ??= new AbortController();
    const { services } = run.listener;
    const answer = services === null ? NOBODY : await services.perform(request.method, request.params, run.over.signal);
    if (this.#open.get(run.id) === run) this.#onAnswer(request, answer);
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

  #end(id: number, { outcome, result, artifacts }: LinkVerdict): void {
    const run = this.#open.get(id);
    if (run === undefined) return;
    this.#open.delete(id);
    run.over?.abort();
    const { logs, reports, onEnded } = run.listener;
    logs.end();
    reports.end();
    onEnded({ outcome, result, artifacts });
  }

  endAll(outcome: Outcome): void {
    for (const id of [...this.#open.keys()]) this.#end(id, { outcome, result: null });
  }
}
