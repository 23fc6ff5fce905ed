// Every input in every state of a session: where it leads, or that it is refused. The table is written out, so a changed move shows.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../../src/core/errors/gantry-error.ts';
import {
  SESSION_STATES,
  SESSION_TRANSITIONS,
  type SessionState,
} from '../../../../src/protocol/stream/session-states.ts';
import { StreamSession } from '../../../../src/protocol/stream/stream-session.ts';
import {
  bytesOf,
  CLEAN_END,
  initialized,
  notification,
  OPTIONS,
  readySession,
  result,
  startRun,
} from '../../../support/stream/stream-driver.ts';

/** A session in each state; in all of them, request 2 is the one that is open if any is, and 1 was answered if it was asked. */
const IN_STATE: Readonly<Record<SessionState, () => StreamSession>> = {
  starting: () => new StreamSession(OPTIONS),
  initializing: () => {
    const session = new StreamSession(OPTIONS);
    session.start(0);
    return session;
  },
  loading: () => {
    const session = IN_STATE.initializing();
    session.receive(bytesOf(initialized({ onLoad: true, onShutdown: true })), 0);
    return session;
  },
  idle: () => readySession({}, { onShutdown: true, cancel: true }),
  busy: () => {
    const session = IN_STATE.idle();
    startRun(session, 'n');
    return session;
  },
  closing: () => {
    const session = IN_STATE.idle();
    session.close(1_000, 0);
    return session;
  },
  closed: () => {
    const session = IN_STATE.closing();
    session.end(CLEAN_END, 0);
    return session;
  },
  broken: () => {
    const session = IN_STATE.busy();
    session.receive(bytesOf('stray'), 0);
    return session;
  },
};

const INPUTS: Readonly<Record<string, (session: StreamSession) => void>> = {
  start: (session) => {
    session.start(0);
  },
  run: (session) => {
    startRun(session, 'n');
  },
  ask: (session) => {
    session.ask('get_metadata', 100, 0);
  },
  close: (session) => {
    session.close(100, 0);
  },
  cancel: (session) => {
    session.cancel(2, { reason: 'cancelled', graceMs: 100 }, 0);
  },
  'cancel without grace': (session) => {
    session.cancel(2, { reason: 'cancelled', graceMs: 0 }, 0);
  },
  'greeting answered': (session) => {
    session.receive(bytesOf(initialized({ onLoad: true })), 0);
  },
  'request 2 answered': (session) => {
    session.receive(bytesOf(result(2, { nonce: 'n' })), 0);
  },
  'request 2 answered without nonce': (session) => {
    session.receive(bytesOf(result(2, {})), 0);
  },
  'request 3 answered': (session) => {
    session.receive(bytesOf(result(3, { nonce: 'n' })), 0);
  },
  'id x answered': (session) => {
    session.receive(bytesOf(result('x', { nonce: 'n' })), 0);
  },
  notification: (session) => {
    session.receive(bytesOf(notification('log', { level: 'info', message: 'm' })), 0);
  },
  request: (session) => {
    session.receive(bytesOf({ jsonrpc: '2.0', id: 1, method: 'state.get' }), 0);
  },
  'blank line': (session) => {
    session.receive(bytesOf(''), 0);
  },
  'half a line': (session) => {
    session.receive(Buffer.from('{"json'), 0);
  },
  'stray line': (session) => {
    session.receive(bytesOf('hello'), 0);
  },
  'time passes': (session) => {
    session.advanceTo(999);
  },
  'deadline passes': (session) => {
    session.advanceTo(1_000_000);
  },
  'process ends': (session) => {
    session.end(CLEAN_END, 0);
  },
  'process crashes': (session) => {
    session.end({ ...CLEAN_END, exitCode: 139 }, 0);
  },
};

/** Columns as SESSION_STATES; `.` stays, `!` is refused, else the first letters of the state. */
const MATRIX: Readonly<Record<string, string>> = {
  //                                 starting  init     loading  idle     busy     closing  closed   broken
  start: '                           init      !        !        !        !        !        !        !',
  run: '                             !         !        !        busy     !        !        !        !',
  ask: '                             !         !        !        .        .        !        !        !',
  close: '                           !         !        !        closing  !        !        !        !',
  cancel: '                          .         .        .        .        .        .        .        .',
  'cancel without grace': '          .         .        .        .        broken   .        .        .',
  'greeting answered': '             broken    loading  broken   broken   broken   broken   .        .',
  'request 2 answered': '            broken    broken   idle     broken   idle     .        .        .',
  'request 2 answered without nonce': 'broken  broken   idle     broken   broken   .        .        .',
  'request 3 answered': '            broken    broken   broken   broken   broken   broken   .        .',
  'id x answered': '                 broken    broken   broken   broken   broken   broken   .        .',
  notification: '                    .         .        .        .        .        .        .        .',
  request: '                         .         .        .        .        .        .        .        .',
  'blank line': '                    .         .        .        .        .        .        .        .',
  'half a line': '                   .         .        .        .        .        .        .        .',
  'stray line': '                    broken    broken   broken   broken   broken   broken   .        .',
  'time passes': '                   .         .        .        .        .        .        .        .',
  'deadline passes': '               .         broken   broken   .        broken   closed   .        .',
  'process ends': '                  broken    broken   broken   broken   broken   closed   .        .',
  'process crashes': '               broken    broken   broken   broken   broken   closed   .        .',
};

const CELLS = Object.entries(MATRIX).flatMap(([input, row]) =>
  row
    .trim()
    .split(/\s+/)
    .map((cell, column) => ({ input, from: SESSION_STATES[column] ?? 'broken', cell })),
);

describe('a session', () => {
  test('has a row for every input and a cell for every state', () => {
    expect(Object.keys(MATRIX)).toEqual(Object.keys(INPUTS));
    expect(CELLS).toHaveLength(SESSION_STATES.length * Object.keys(INPUTS).length);
  });

  test.each(CELLS)('that is $from meets "$input" with $cell', ({ input, from, cell }) => {
    const session = IN_STATE[from]();
    expect(session.state).toBe(from);
    session.takeEvents();
    session.takeOutput();
    const act = (): void => {
      INPUTS[input]?.(session);
    };
    if (cell === '!') expect(act).toThrow(GantryError);
    else act();
    const to = '!.'.includes(cell) ? from : (SESSION_STATES.find((state) => state.startsWith(cell)) ?? from);
    expect(session.state).toBe(to);
    const moves = session.takeEvents().filter((event) => event.type === 'moved');
    expect(moves).toEqual(to === from ? [] : [{ type: 'moved', from, to }]);
    if (to !== from) expect(SESSION_TRANSITIONS[from]).toContain(to);
    if (to === 'broken' || to === 'closed') expect([session.takeOutput(), session.nextDeadlineMs]).toEqual([[], null]);
  });

  test('reaches every move of the table, and only those', () => {
    const reached = CELLS.filter(({ cell }) => !'!.'.includes(cell)).map(({ from, cell }) => {
      const to = SESSION_STATES.find((state) => state.startsWith(cell)) ?? from;
      return `${from} ${to}`;
    });
    const direct = IN_STATE.initializing();
    direct.receive(bytesOf(initialized()), 0);
    const inTable = Object.entries(SESSION_TRANSITIONS).flatMap(([from, tos]) => tos.map((to) => `${from} ${to}`));
    expect(new Set([...reached, `initializing ${direct.state}`])).toEqual(new Set(inTable));
  });
});
