// A stream session from its greeting through its runs. Time and bytes are values, so nothing here waits.
import { describe, expect, test } from 'vitest';
import { StreamSession } from '../../../../src/protocol/stream/stream-session.ts';
import {
  bytesOf,
  failure,
  initialized,
  notification,
  OPTIONS,
  readySession,
  result,
  sent,
  startRun,
  told,
} from '../../../support/stream/stream-driver.ts';

function broken(session: StreamSession): unknown {
  return told(session).find(({ type }) => type === 'broken');
}

describe('the greeting', () => {
  test('names the protocol, the plugin and its settings, and makes the session ready', () => {
    const session = new StreamSession(OPTIONS);
    session.start(0);
    expect(sent(session)).toEqual([
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocol: '1.0',
          plugin: { name: 'sample', version: '1.2.3' },
          config: { limit: 10 },
          reuse: 'warm',
          concurrency: 1,
        },
      },
    ]);
    expect(session.nextDeadlineMs).toBe(5_000);
    session.receive(bytesOf(initialized()), 10);
    expect(session.takeEvents()).toEqual([
      { type: 'moved', from: 'starting', to: 'initializing' },
      { type: 'moved', from: 'initializing', to: 'idle' },
      { type: 'ready' },
    ]);
    expect(session.nextDeadlineMs).toBeNull();
    expect(session.capabilities).toEqual({
      onLoad: false,
      onShutdown: false,
      cancel: false,
      metadata: false,
      configUi: false,
      concurrency: false,
      reuse: ['warm'],
    });
  });

  test('loads a plugin that wants it, in what is left of the start', () => {
    const session = new StreamSession(OPTIONS);
    session.start(0);
    session.takeOutput();
    session.receive(bytesOf(initialized({ onLoad: true })), 4_000);
    expect(session.state).toBe('loading');
    expect(sent(session)).toEqual([{ jsonrpc: '2.0', id: 2, method: 'on_load', params: { config: { limit: 10 } } }]);
    expect(session.nextDeadlineMs).toBe(5_000);
    session.receive(bytesOf(result(2, {})), 4_500);
    expect(session.state).toBe('idle');
  });

  test.each([
    ['another major version', result(1, { protocol: '2.0', ready: true }), 'not_ready', 'version 2.0'],
    ['no readiness', result(1, { protocol: '1.0' }), 'protocol', 'ready: '],
    ['an error', failure(1, -32000, 'no disk'), 'not_ready', 'no disk'],
    ['another reuse', initialized({ reuse: ['fork'] }), 'not_ready', 'reuse: warm'],
  ])('ends at %s', (_what, answer, code, words) => {
    const session = new StreamSession(OPTIONS);
    session.start(0);
    session.receive(bytesOf(answer), 1);
    expect(session.state).toBe('broken');
    const message = expect.stringContaining(words) as string;
    expect(broken(session)).toMatchObject({ outcome: { code, message } });
  });

  test('asks nothing that the manifest turned off, whatever the plugin offers', () => {
    const lifecycle = { onLoad: false, onShutdown: false, cancel: false, metadata: true, configUi: false };
    const offered = { onLoad: true, onShutdown: true, cancel: true, metadata: true, configUi: true };
    const session = readySession({ lifecycle }, offered);
    expect(session.state).toBe('idle');
    expect(session.capabilities).toMatchObject(lifecycle);
    expect(session.offers).toEqual(['get_metadata']);
    expect(readySession({}, { configUi: true }).offers).toEqual(['get_config_ui']);
  });

  test('accepts a later minor version and unknown capabilities', () => {
    const session = new StreamSession(OPTIONS);
    session.start(0);
    session.receive(bytesOf(result(1, { protocol: '1.9', ready: true, capabilities: { later: true }, more: 1 })), 1);
    expect(session.state).toBe('idle');
  });

  test('ends when on_load fails', () => {
    const session = new StreamSession(OPTIONS);
    session.start(0);
    session.receive(bytesOf(initialized({ onLoad: true }), failure(2, -32000, 'no model')), 1);
    const message = 'the plugin failed at on_load: no model';
    expect(broken(session)).toEqual({ type: 'broken', outcome: { code: 'not_ready', message } });
  });

  test('ends at its deadline, and writes nothing more', () => {
    const session = new StreamSession(OPTIONS);
    session.start(0);
    session.advanceTo(4_999);
    expect(session.state).toBe('initializing');
    session.advanceTo(5_000);
    expect(broken(session)).toMatchObject({ outcome: { code: 'not_ready' } });
    expect(session.takeOutput()).toEqual([]);
    expect(session.nextDeadlineMs).toBeNull();
  });
});

describe('a run', () => {
  test('gives its document as the params of one line, and takes the result with its nonce', () => {
    const session = readySession();
    const document = Buffer.from('{\n  "invocation": {"nonce": "n1"}\n}\n');
    expect(session.run({ document, nonce: 'n1', timeoutMs: 100 }, 5)).toBe(2);
    const [line] = session.takeOutput();
    expect(Buffer.from(line ?? []).toString()).toBe(
      '{"jsonrpc":"2.0","id":2,"method":"run","params":{   "invocation": {"nonce": "n1"} } }\n',
    );
    expect(session.nextDeadlineMs).toBe(105);
    session.receive(bytesOf(result(2, { nonce: 'n1', status: 'success', data: { a: 1 } })), 6);
    expect(session.takeEvents()).toEqual([
      { type: 'moved', from: 'idle', to: 'busy' },
      { type: 'runEnded', id: 2, outcome: { code: 'ok', message: 'the plugin succeeded' }, result: { a: 1 } },
      { type: 'moved', from: 'busy', to: 'idle' },
    ]);
  });

  test.each([
    [{ nonce: 'n', n: 3 }, { code: 'ok' }, { n: 3 }],
    [{ nonce: 'n' }, { code: 'ok' }, {}],
    [{ nonce: 'n', status: 'skipped', reason: 'none today' }, { code: 'skipped', message: 'none today' }, null],
    [
      { nonce: 'n', status: 'error', error: { code: 'x', message: 'bad', retryable: true } },
      { code: 'plugin_error', pluginCode: 'x', isRetryable: true },
      null,
    ],
  ])('reads %j as `json` does, without the nonce', (value, outcome, data) => {
    const session = readySession();
    const id = startRun(session, 'n');
    session.receive(bytesOf(result(id, value)), 1);
    expect(told(session)).toEqual([
      { type: 'runEnded', id, outcome: expect.objectContaining(outcome) as unknown, result: data },
    ]);
    expect(session.state).toBe('idle');
  });

  test.each([
    [-32601, 'unsupported_method', 'no', 'no'],
    [-32602, 'invalid_request', 'no', 'no'],
    [-32000, 'rpc_error', '', 'the plugin refused the run with code -32000'],
  ])('ends as a plugin error when it is refused with %i', (code, pluginCode, said, message) => {
    const session = readySession();
    const id = startRun(session, 'n');
    session.receive(bytesOf(failure(id, code, said, { nonce: 'n' })), 1);
    const outcome = { code: 'plugin_error', message, pluginCode, isRetryable: false };
    expect(told(session)).toEqual([{ type: 'runEnded', id, outcome, result: null }]);
    expect(session.state).toBe('idle');
  });

  test('runs beside others up to the concurrency, and each ends by its own id', () => {
    const session = readySession({ concurrency: 3 });
    const ids = ['a', 'b', 'c'].map((nonce) => startRun(session, nonce));
    expect(session.freeSlots).toBe(0);
    expect(() => startRun(session, 'd')).toThrow('free slot');
    session.receive(bytesOf(result(ids[2] ?? 0, { nonce: 'c' }), result(ids[0] ?? 0, { nonce: 'a' })), 1);
    expect(told(session)).toMatchObject([
      { type: 'runEnded', id: ids[2] },
      { type: 'runEnded', id: ids[0] },
    ]);
    expect([session.state, session.freeSlots]).toEqual(['busy', 2]);
    session.receive(bytesOf(result(ids[1] ?? 0, { nonce: 'b' })), 1);
    expect([session.state, session.freeSlots]).toEqual(['idle', 3]);
  });

  test('is alone in a plugin that does not claim concurrency', () => {
    expect(readySession({ concurrency: 3 }, { concurrency: false }).freeSlots).toBe(1);
  });

  test('ends as timed out at its deadline; its siblings are lost, and a late answer is told once and never used', () => {
    const session = readySession({ concurrency: 2 });
    const slow = startRun(session, 'a', 0, 100);
    const other = startRun(session, 'b', 50, 100);
    const message = 'the plugin gave no result in 100 ms';
    const outcome = { code: 'timeout', message, breach: { limit: 'timeoutMs', value: 100, used: null } };
    session.receive(
      bytesOf('', result(slow, { nonce: 'a' }), result(slow, { nonce: 'a' }), notification('log', 1)),
      100,
    );
    session.receive(bytesOf(result('x', 1), 'stray', result(other, { nonce: 'b' })), 101);
    session.receive(bytesOf(result(other, { nonce: 'b' })), 102);
    expect(told(session)).toEqual([
      { type: 'runEnded', id: slow, outcome, result: null },
      { type: 'runEnded', id: other, outcome: expect.objectContaining({ code: 'lost' }) as unknown, result: null },
      { type: 'broken', outcome },
      { type: 'dropped', id: slow, violation: 'late_result' },
    ]);
  });

  test('that are overdue at once all end as timed out, and take the others with them', () => {
    const session = readySession({ concurrency: 3 });
    const ids = [100, 80, 60].map((timeoutMs, index) => startRun(session, `n${String(index)}`, 0, timeoutMs));
    session.advanceTo(90);
    const codes = told(session).flatMap((event) => (event.type === 'runEnded' ? [[event.id, event.outcome.code]] : []));
    expect(codes.sort()).toEqual(ids.map((id) => [id, id === ids[0] ? 'lost' : 'timeout']));
  });

  test('keeps time when the clock goes back', () => {
    const session = readySession();
    startRun(session, 'a', 10, 100);
    session.advanceTo(60);
    session.advanceTo(20);
    session.receive(bytesOf(''), 0);
    expect(session.nextDeadlineMs).toBe(110);
    expect(session.state).toBe('busy');
  });

  test('ends at its output limit, progress counted with the result', () => {
    const session = readySession({ outputBytes: 200, concurrency: 2 });
    const [id, sibling] = [startRun(session, 'a'), startRun(session, 'b')];
    const line = notification('progress', { id, done: 1 });
    session.receive(bytesOf(line, line), 1);
    expect(session.state).toBe('busy');
    session.receive(bytesOf(result(id, { nonce: 'a', text: 'x'.repeat(100) })), 1);
    expect(told(session).slice(2)).toMatchObject([
      { type: 'runEnded', id, outcome: { code: 'output_limit', breach: { limit: 'outputBytes', value: 200 } } },
      { type: 'runEnded', id: sibling, outcome: { code: 'lost' } },
      { type: 'broken', outcome: { code: 'output_limit' } },
    ]);
  });

  test('ends at its output limit by progress alone', () => {
    const session = readySession({ outputBytes: 100 });
    startRun(session, 'a');
    const line = notification('progress', { done: 1, message: 'x'.repeat(100) });
    session.receive(bytesOf(line), 1);
    expect(told(session)).toMatchObject([{ outcome: { code: 'output_limit' } }, { type: 'broken' }]);
  });
});
