// How cancelled runs, questions and the session itself end.
import { describe, expect, test } from 'vitest';
import type { StreamSession } from '../../../../src/protocol/stream/stream-session.ts';
import {
  bytesOf,
  CLEAN_END,
  failure,
  readySession,
  result,
  sent,
  startRun,
  told,
} from '../../../support/stream/stream-driver.ts';

function broken(session: StreamSession): unknown {
  return told(session).find(({ type }) => type === 'broken');
}

describe('a cancelled run', () => {
  test('is told so, has its grace, and ends as cancelled whatever it answers; the session lives on', () => {
    const session = readySession({}, { cancel: true });
    const id = startRun(session, 'a', 0, 10_000);
    session.takeOutput();
    session.cancel(id, { reason: 'cancelled', graceMs: 500 }, 100);
    session.cancel(id, { reason: 'cancelled', graceMs: 9_000 }, 101);
    expect(sent(session)).toEqual([
      { jsonrpc: '2.0', method: 'cancel', params: { id, reason: 'cancelled', graceMs: 500 } },
    ]);
    expect(session.nextDeadlineMs).toBe(600);
    session.receive(bytesOf(result(id, { nonce: 'a', n: 1 })), 599);
    expect(told(session)).toMatchObject([{ type: 'runEnded', id, outcome: { code: 'cancelled' }, result: null }]);
    expect(session.state).toBe('idle');
  });

  test('breaks the session when its grace is over', () => {
    const session = readySession({}, { cancel: true });
    const id = startRun(session, 'a', 0, 10_000);
    session.cancel(id, { reason: 'cancelled', graceMs: 500 }, 100);
    session.advanceTo(600);
    expect(told(session)).toMatchObject([
      { type: 'runEnded', id, outcome: { code: 'cancelled' } },
      { type: 'broken', outcome: { code: 'cancelled' } },
    ]);
  });

  test('keeps its own deadline when that is nearer', () => {
    const session = readySession({}, { cancel: true });
    const id = startRun(session, 'a', 0, 300);
    session.cancel(id, { reason: 'timeout', graceMs: 500 }, 100);
    expect(session.nextDeadlineMs).toBe(300);
  });

  test.each([
    [{ cancel: false }, 500],
    [{ cancel: true }, 0],
  ])('breaks the session at once with %j and a grace of %i ms; siblings are lost', (capabilities, graceMs) => {
    const session = readySession({ concurrency: 2 }, capabilities);
    const [id, sibling] = [startRun(session, 'a'), startRun(session, 'b')];
    session.cancel(id, { reason: 'cancelled', graceMs }, 1);
    expect(told(session)).toMatchObject([
      { type: 'runEnded', id, outcome: { code: 'cancelled' } },
      { type: 'runEnded', id: sibling, outcome: { code: 'lost' } },
      { type: 'broken', outcome: { code: 'cancelled' } },
    ]);
  });

  test('stays cancelled when the session breaks during its grace', () => {
    const session = readySession({}, { cancel: true });
    const id = startRun(session, 'a');
    session.cancel(id, { reason: 'cancelled', graceMs: 500 }, 1);
    session.receive(bytesOf('stray'), 2);
    expect(told(session)).toMatchObject([
      { type: 'runEnded', id, outcome: { code: 'cancelled' } },
      { type: 'broken', outcome: { code: 'protocol', violation: 'not_json' } },
    ]);
  });

  test('is left alone when it has ended already', () => {
    const session = readySession({}, { cancel: true });
    session.cancel(99, { reason: 'cancelled', graceMs: 500 }, 1);
    session.cancel(1, { reason: 'cancelled', graceMs: 500 }, 1);
    expect([session.takeOutput(), session.takeEvents()]).toEqual([[], []]);
  });
});

describe('the end', () => {
  test('asks a plugin that wants it to shut down, then ends its input', () => {
    const session = readySession({}, { onShutdown: true });
    session.close(1_000, 0);
    expect(sent(session)).toEqual([{ jsonrpc: '2.0', id: 2, method: 'on_shutdown', params: {} }]);
    session.receive(bytesOf(failure(2, 1, 'whatever')), 10);
    session.end(CLEAN_END, 20);
    expect(told(session)).toEqual([{ type: 'endInput' }, { type: 'closed', isPolite: true }]);
    expect(session.state).toBe('closed');
    session.receive(bytesOf('stray'), 30);
    session.end(CLEAN_END, 40);
    expect(session.takeEvents()).toEqual([]);
  });

  test.each([
    ['an error', { ...CLEAN_END, exitCode: 3 }, ''],
    ['half a line', CLEAN_END, '{"jsonrpc"'],
  ])('is not polite with %s', (_what, end, rest) => {
    const session = readySession();
    session.close(1_000, 0);
    session.receive(Buffer.from(rest), 1);
    session.end(end, 2);
    expect(told(session)).toEqual([{ type: 'endInput' }, { type: 'closed', isPolite: false }]);
  });

  test('is not waited for longer than the grace; open questions end unanswered', () => {
    const session = readySession();
    session.ask('get_metadata', 5_000, 0);
    session.close(1_000, 0);
    expect(session.nextDeadlineMs).toBe(1_000);
    session.advanceTo(1_000);
    expect(told(session)).toEqual([
      { type: 'endInput' },
      { type: 'answered', id: 2, method: 'get_metadata', said: { value: null, error: 'the session was closed' } },
      { type: 'closed', isPolite: false },
    ]);
    expect(session.nextDeadlineMs).toBeNull();
  });

  test.each([
    ['a crash', { ...CLEAN_END, exitCode: 139 }, '', { code: 'crash', signal: 'SIGSEGV' }],
    ['too little memory', { ...CLEAN_END, exitCode: 137, isOutOfMemory: true }, '', { code: 'oom' }],
    ['exit code 1', { ...CLEAN_END, exitCode: 1, stderrTail: 'Oops' }, '', { code: 'plugin_error', message: 'Oops' }],
    ['half an answer', CLEAN_END, '{"jsonrpc":"2.0",', { code: 'protocol', violation: 'truncated' }],
    ['silence', CLEAN_END, ' \n\t ', { code: 'no_result' }],
  ])('of the process in a run by %s charges the run', (_what, end, rest, outcome) => {
    const session = readySession();
    const id = startRun(session, 'a');
    session.receive(Buffer.from(rest), 1);
    session.end(end, 2);
    expect(told(session)).toMatchObject([
      { type: 'runEnded', id, outcome },
      { type: 'broken', outcome },
    ]);
  });

  test('of a process that should wait for requests is told', () => {
    const session = readySession();
    session.end(CLEAN_END, 1);
    expect(told(session)).toMatchObject([{ type: 'broken', outcome: { code: 'not_ready' } }]);
  });

  test('after the deadline is a timeout', () => {
    const session = readySession();
    startRun(session, 'a', 0, 100);
    session.end({ ...CLEAN_END, exitCode: 9 }, 100);
    expect(broken(session)).toMatchObject({ outcome: { code: 'timeout' } });
  });
});

describe('a question', () => {
  test('is answered with a value or an error, also during a run', () => {
    const session = readySession({}, { metadata: true, configUi: true });
    startRun(session, 'a');
    const ids = [
      session.ask('get_metadata', 100, 0),
      session.ask('get_config_ui', 100, 0),
      session.ask('get_metadata', 100, 0),
    ];
    session.receive(bytesOf(result(3, { a: 1 }), failure(4, 1, 'not\nnow'), failure(5, 1, '')), 0);
    expect(told(session)).toEqual([
      { type: 'answered', id: ids[0], method: 'get_metadata', said: { value: { a: 1 }, error: null } },
      { type: 'answered', id: ids[1], method: 'get_config_ui', said: { value: null, error: 'not now' } },
      {
        type: 'answered',
        id: ids[2],
        method: 'get_metadata',
        said: { value: null, error: 'the plugin gave no reason' },
      },
    ]);
    expect(session.state).toBe('busy');
  });

  test.each([
    ['a list', [1], 'the answer is no object'],
    ['1 MiB', { text: 'x'.repeat(1024 * 1024) }, 'the answer has 1048621 bytes; it may have 65536'],
  ])('that is answered by %s has no answer, and the session goes on', (_what, answer, error) => {
    const session = readySession({}, { metadata: true });
    const id = session.ask('get_metadata', 100, 0);
    session.receive(bytesOf(result(id, answer)), 0);
    expect(told(session)).toEqual([{ type: 'answered', id, method: 'get_metadata', said: { value: null, error } }]);
    expect(session.state).toBe('idle');
  });

  test('that is not answered in time breaks the session', () => {
    const session = readySession();
    session.ask('get_config_ui', 100, 0);
    session.advanceTo(100);
    const message = 'the plugin did not answer get_config_ui in 100 ms';
    expect(told(session)).toEqual([
      { type: 'answered', id: 2, method: 'get_config_ui', said: { value: null, error: message } },
      { type: 'broken', outcome: { code: 'not_ready', message } },
    ]);
  });
});
