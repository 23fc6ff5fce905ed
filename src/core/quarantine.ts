// A plugin version that keeps crashing is left alone: it is answered for without a container, until one probe shows that it serves again.
//   closed → open → half_open → closed | open     (an invocation that began before the opening and ends well closes it from open, too)
// The state is of a version: a new version of the plugin begins closed.
import type { OutcomeCode } from './outcome.ts';

export const QUARANTINE_STATES = ['closed', 'open', 'half_open'] as const;
export type QuarantineState = (typeof QUARANTINE_STATES)[number];

export const QUARANTINE_TRANSITIONS = {
  closed: ['open'],
  open: ['half_open', 'closed'],
  half_open: ['open', 'closed'],
} as const satisfies Record<QuarantineState, readonly QuarantineState[]>;

export function mayMoveQuarantine(from: QuarantineState, to: QuarantineState): boolean {
  return (QUARANTINE_TRANSITIONS[from] as readonly QuarantineState[]).includes(to);
}

/** What an invocation's end says of its plugin: it serves, it fails before it serves, or nothing. */
export const VERDICTS = {
  ok: 'serves',
  skipped: 'serves',
  plugin_error: 'serves',
  oom: 'serves',
  cpu_time: 'serves',
  timeout: 'serves',
  output_limit: 'serves',
  protocol: 'serves',
  no_result: 'serves',
  crash: 'fails',
  not_ready: 'fails',
  start_failed: 'fails',
  image: 'nothing',
  denied: 'nothing',
  cancelled: 'nothing',
  busy: 'nothing',
  engine: 'nothing',
  lost: 'nothing',
} as const satisfies Record<OutcomeCode, 'serves' | 'fails' | 'nothing'>;
