// What a fault suite knows of a program that it broke again and again: what the client was told, what stood in the store at every death, what
// stands there at the end, and what plugins did, counted where no crash of the program can reach.
import type { Invocation } from '../../../src/core/invocation.ts';
import type { StoredEvent } from '../../../src/core/ports/store.ts';
import type { Run, RunState } from '../../../src/core/run.ts';
import type { Spread } from './spread.ts';

/** What the client was told of one request; the same key is asked with until an answer is clear. */
export type Answered =
  | {
      readonly kind: 'accepted';
      readonly key: string;
      readonly runId: string;
      /** `durability: queued`: held in memory for a moment, and a kill loses what is held */
      readonly isHeld?: boolean;
    }
  /** a clear no: nothing was accepted */
  | { readonly kind: 'refused'; readonly key: string; readonly code: string }
  /** no answer, or one that leaves the fate open */
  | { readonly kind: 'unknown'; readonly key: string; readonly cause: string };

/** A run as it stood in the store at one moment of the suite. */
export interface Sight {
  /** 1, 2, 3, … in the order of looking */
  readonly look: number;
  /** when the looking began: a program that was mourned was dead by then (unix milliseconds) */
  readonly atMs: number;
  readonly runId: string;
  readonly epoch: number;
  readonly losses: number;
  readonly state: RunState;
  readonly finishedAtMs: number | null;
}

/** A plugin had its input and acted: seen outside of the program. */
export interface Mark {
  readonly invocationId: string;
  readonly runId: string;
  readonly hook: string;
  readonly plugin: string;
  /** of a hook with `forEach` */
  readonly item: number | null;
  readonly attempt: number;
}

/** What the client decided about a run that asked, and whether it was told that this stands. */
export interface Decided {
  readonly runId: string;
  readonly decision: 'approve' | 'reject';
  readonly isAnswered: boolean;
}

export interface RunHistory {
  readonly run: Run;
  readonly invocations: readonly Invocation[];
  readonly events: readonly StoredEvent[];
}

export interface History {
  readonly answers: readonly Answered[];
  readonly sights: readonly Sight[];
  readonly runs: readonly RunHistory[];
  readonly marks: readonly Mark[];
  readonly decisions: readonly Decided[];
  /** plugins that may be given the same input twice */
  readonly idempotent: ReadonlySet<string>;
  /** false: the store has no atomicity across documents, so a kill may take the events of a transition that is stored */
  readonly areChainsAtomic: boolean;
  /** false: an engine was killed that may have had marks in its hands, so what acted may not have been seen to */
  readonly areMarksComplete: boolean;
}

export interface Verdict {
  /** one sentence each; empty when the history is sound */
  readonly violations: readonly string[];
  readonly figures: HistoryFigures;
}

export interface HistoryFigures {
  readonly acceptedRuns: number;
  /** runs by terminal state */
  readonly states: Readonly<Record<string, number>>;
  /** failed runs by code */
  readonly failures: Readonly<Record<string, number>>;
  readonly decided: number;
  /** runs of a schedule */
  readonly ticks: number;
  readonly invocations: number;
  /** invocations after another attempt */
  readonly retried: number;
  readonly succeeded: number;
  /** delivered, and it is not known how they ended */
  readonly declaredUnknown: number;
  readonly counted: number;
  readonly epochMax: number;
  readonly recoveredRuns: number;
  /** accepted with `durability: queued`, and lost with the memory that held them */
  readonly vanishedRuns: number;
  /** what the runs took that were at work when their program died, from then on and beyond the waits that they were told to make */
  readonly settledAfterDeathMs: Spread;
}
