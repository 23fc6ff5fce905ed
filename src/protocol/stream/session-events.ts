// What a session takes and what it tells. Everything is a value: bytes to write, events in their order, the next deadline.
import type { JsonObject } from '../../core/json.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Lifecycle } from '../../core/plugin.ts';
import type { PluginLogLine } from '../../core/ports/invoker.ts';
import type { Reply, Verdict } from '../reply.ts';
import type { REUSES } from './message-schemas.ts';
import type { RateLimits } from './message-rate.ts';
import type { SessionState } from './session-states.ts';

export interface SessionOptions {
  readonly plugin: { readonly name: string; readonly version: string };
  readonly config: JsonObject;
  /** how the process serves several runs */
  readonly reuse: (typeof REUSES)[number];
  /** what the manifest lets the host ask beside `run`; the plugin must offer it as well */
  readonly lifecycle: Lifecycle;
  /** runs in flight at once, ≥ 1; one at a time when the plugin does not say that it can do more */
  readonly concurrency: number;
  /** time from `start` until the plugin must be ready, `on_load` included */
  readonly startTimeoutMs: number;
  /** what one run may send, its result and its progress together (`limits.output`) */
  readonly outputBytes: number;
  /** host services that the manifest declares */
  readonly services: readonly string[];
  /** default: the limits of stream-limits.ts */
  readonly rate?: RateLimits;
}

export interface StreamRun {
  /** the request document as JSON bytes (encodeJsonRequest), with `nonce` in it; given away: a long one is among the output as it is */
  readonly document: Uint8Array;
  readonly nonce: string;
  readonly timeoutMs: number;
}

export interface StreamCancel {
  /** word for the plugin: `cancelled`, `timeout`, … */
  readonly reason: string;
  readonly graceMs: number;
}

/** What is known once the process has ended. */
export type ProcessEnd = Omit<Reply, 'stdout'>;

export type Question = 'get_metadata' | 'get_config_ui';

/** The answer to a question, or why there is none: the plugin's message or ours, one line without control characters. */
export type Said =
  { readonly value: JsonObject; readonly error: null } | { readonly value: null; readonly error: string };

/** A request for a host service that was admitted. Told apart by identity: a plugin may use an id again. */
export interface PluginRequest {
  readonly key: number | string;
  readonly runId: number;
  readonly method: string;
  /** hostile */
  readonly params: JsonObject;
}

export type SessionEvent =
  | { readonly type: 'moved'; readonly from: SessionState; readonly to: SessionState }
  | { readonly type: 'ready' }
  | ({ readonly type: 'runEnded'; readonly id: number } & Verdict)
  | { readonly type: 'answered'; readonly id: number; readonly method: Question; readonly said: Said }
  /** `id`: the run it belongs to, null when that is unknown. The text is hostile: escape it. */
  | { readonly type: 'logLine'; readonly id: number | null; readonly line: PluginLogLine }
  | {
      readonly type: 'progress';
      readonly id: number;
      readonly done: number;
      readonly total: number | null;
      readonly message: string | null;
    }
  | {
      readonly type: 'metric';
      readonly id: number;
      readonly name: string;
      readonly value: number;
      readonly labels: Readonly<Record<string, string>>;
    }
  /** of the run `id`: `StreamSession.answer` is to be called once, unless the run ends before */
  | { readonly type: 'asked'; readonly id: number; readonly request: PluginRequest }
  /** a notification that was left out, and why; for the log */
  | { readonly type: 'ignored'; readonly reason: string }
  /** an answer that came when its run was over; told once per run, for the log */
  | { readonly type: 'dropped'; readonly id: number; readonly violation: 'late_result' }
  /** close the plugin's stdin once all output is written */
  | { readonly type: 'endInput' }
  /** the session is over: destroy the sandbox */
  | { readonly type: 'broken'; readonly outcome: Outcome }
  /** the session is over; `isPolite` is false when the plugin had to be left behind or ended with an error */
  | { readonly type: 'closed'; readonly isPolite: boolean };
