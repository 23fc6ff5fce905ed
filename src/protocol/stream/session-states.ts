// The states of one `stream` session, its chart, and the table that the session moves by.
//
//                   start            initialized, onLoad        loaded              run
//   starting ──────────────▶ initializing ──────────▶ loading ──────────▶ idle ◀──────────▶ busy
//                                 │                                        ▲ │   last run ended
//                                 └────────────────────────────────────────┘ │ close
//                                        initialized, no onLoad              ▼              exit, or grace over
//                                                                         closing ─────────────────────▶ closed
//
//   Every state but `closed` moves to `broken` at a violation, a deadline or an exit that was not asked for (in `closing`, only at a
//   violation). `closed` and `broken` are final: nothing is written any more, and no byte is taken for a result.

export const SESSION_STATES = [
  'starting',
  'initializing',
  'loading',
  'idle',
  'busy',
  'closing',
  'closed',
  'broken',
] as const;
export type SessionState = (typeof SESSION_STATES)[number];

export const SESSION_TRANSITIONS = {
  starting: ['initializing', 'broken'],
  initializing: ['loading', 'idle', 'broken'],
  loading: ['idle', 'broken'],
  idle: ['busy', 'closing', 'broken'],
  busy: ['idle', 'broken'],
  closing: ['closed', 'broken'],
  closed: [],
  broken: [],
} as const satisfies Record<SessionState, readonly SessionState[]>;
