// What a finished plugin left behind, and what the protocol makes of it. Both protocols share these two shapes.
import type { InlineArtifact } from '../core/artifact.ts';
import type { JsonValue } from '../core/json.ts';
import type { Outcome } from '../core/outcome.ts';
import { NO_SECRETS, type Redactor } from '../core/redact.ts';

export interface Reply {
  /** everything that came on stdout, already within the output limit */
  readonly stdout: Uint8Array;
  readonly exitCode: number;
  /** true when the kernel killed the plugin itself for memory */
  readonly isOutOfMemory: boolean;
  /** the memory limit and the most that was used, for the evidence of an `oom` */
  readonly memoryLimitBytes: number;
  readonly memoryPeakBytes: number | null;
  /** last lines of stderr, redacted and escaped; empty when it wrote none */
  readonly stderrTail: string;
}

export interface Verdict {
  readonly outcome: Outcome;
  /** the plugin's `data`; null when it gave none */
  readonly result: JsonValue | null;
  /** that its result has inline; absent: none */
  readonly artifacts?: readonly InlineArtifact[] | undefined;
}

const MESSAGE_MAX = 2_000;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]+/g;

/** One line without control characters, at most 2,000 characters: what an outcome's message may be. */
export function oneLine(text: string, redactor: Redactor = NO_SECRETS): string {
  const line = redactor.text(text).replace(CONTROL, ' ').trim();
  return line.length > MESSAGE_MAX ? `${line.slice(0, MESSAGE_MAX - 1)}…` : line;
}
