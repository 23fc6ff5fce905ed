// What the pipeline needs of the sandboxes: one call that always settles with an outcome. Plugin faults, engine faults, timeouts and
// cancellation are all outcomes; it rejects only for a defect of ours.
import type { InlineArtifact } from '../artifact.ts';
import type { InvocationId, RunId, SandboxId } from '../ids.ts';
import type { Cleanliness, InvocationPhases, InvocationUsage, SandboxKind } from '../invocation.ts';
import type { JsonValue } from '../json.ts';
import type { InvocationServices } from './host-services.ts';
import type { Outcome } from '../outcome.ts';
import type { PluginVersion } from '../plugin.ts';
import type { Redactor } from '../redact.ts';
import type { Progress, Reported } from '../reported.ts';
import type { Transport } from '../sandbox.ts';

export interface InvocationRequest {
  readonly runId: RunId;
  readonly invocationId: InvocationId;
  readonly epoch: number;
  readonly attempt: number;
  readonly pipeline: string;
  readonly version: PluginVersion;
  /**
   * what goes to stdin once the sandbox is ready: the request document, or the input of a `text` plugin; `stream` puts it into a line. Given
   * away: memory of a long one is given back once it is written
   */
  readonly input: Uint8Array;
  /** unpredictable hex that also stands in the request document; an answer of `stream` must echo it */
  readonly nonce: string;
  /** a hash of the secrets in the request: a sandbox that serves again serves one set of secrets only. Absent: none */
  readonly secretsKey?: string;
  /** the smallest timeout in force; counted from the moment the sandbox takes the input */
  readonly timeoutMs: number;
  /** how long it may wait for a sandbox before it ends as `busy` */
  readonly waitMs: number;
  /** called once, after the sandbox was had and before its input is written; may be awaited (the start is stored first) */
  onStarted(sandboxId: SandboxId): Promise<void>;
  /** of the secrets in the input; to be used before anything the plugin wrote is cut, since a cut may go through one */
  readonly redactor: Redactor;
  /** called for each stderr line (already redacted, cut to the limit, escaped); must not throw */
  onLog(line: PluginLogLine): void;
  /** called at most four times a second, and with the last one before the end; already redacted and escaped; must not throw */
  onProgress?(progress: Progress): void;
  /** what a plugin of protocol `stream` may ask of the host; absent: nothing */
  readonly services?: InvocationServices;
  /** aborts when the run is cancelled or out of time; the reason is a `StopReason` */
  readonly stop: AbortSignal;
}

/** Why an invocation is stopped from outside: what its outcome says. */
export type StopReason = 'cancelled' | 'hook_timeout' | 'pipeline_timeout' | 'draining' | 'lease_lost';

export interface PluginLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface InvocationEnd {
  readonly outcome: Outcome;
  /** the plugin's `data`; null when it gave none */
  readonly result: JsonValue | null;
  /** that its result has inline, with their secrets; absent: none */
  readonly artifacts?: readonly InlineArtifact[] | undefined;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly sandboxId: SandboxId | null;
  readonly sandboxKind: SandboxKind | null;
  readonly cleanliness: Cleanliness | null;
  readonly transport: Transport | null;
  readonly phases: InvocationPhases;
  readonly usage: InvocationUsage;
  readonly reported: Reported | null;
}

export interface Invoker {
  invoke(request: InvocationRequest): Promise<InvocationEnd>;
}
