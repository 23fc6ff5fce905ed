// What belongs to one run in flight; handed down from the run to its hooks and invocations.
import type { CoarseDeadlines } from '../core/coarse-deadlines.ts';
import type { EarlierInvocations } from './invocation/earlier-invocations.ts';
import type { LogBuffer } from './records/log-buffer.ts';
import type { RunJournal } from './records/run-journal.ts';
import type { RunLease } from './records/run-lease.ts';
import type { RunPorts, RunSettings } from './run-ports.ts';
import type { FreshRun, RunWrites } from './records/run-writes.ts';
import type { RunStop } from './run-stop.ts';

export interface RunScope {
  readonly ports: RunPorts;
  readonly settings: RunSettings;
  readonly lease: RunLease;
  readonly journal: RunJournal;
  readonly writes: RunWrites;
  readonly logs: LogBuffer;
  readonly deadlines: CoarseDeadlines;
  readonly stop: RunStop;
  readonly earlier: EarlierInvocations;
  /** what a new run came with; null: its payloads are in the store */
  readonly fresh: FreshRun | null;
}
