// What a plugin asks of the host: admitted for a run in flight, answered once, refused else, and never more than a few at once.
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/core/json.ts';
import { OPEN_REQUESTS_MAX, REQUEST_BYTES_MAX } from '../../../../src/protocol/stream/stream-limits.ts';
import type { PluginRequest } from '../../../../src/protocol/stream/session-events.ts';
import type { StreamSession } from '../../../../src/protocol/stream/stream-session.ts';
import {
  bytesOf,
  CLEAN_END,
  readySession,
  result,
  sent,
  startRun,
  told,
} from '../../../support/stream/stream-driver.ts';

type Key = string | number;

function ask(id: Key, method = 'state.get', params: JsonObject = { key: 'k' }): JsonObject {
  return { jsonrpc: '2.0', id, method, params };
}

function refusal(id: Key, code: number, reason: string): object {
  return { id, error: { code, data: { code: reason } } };
}

/** The requests that were told since the last look. */
function asked(session: StreamSession): PluginRequest[] {
  return told(session).flatMap((event) => (event.type === 'asked' ? [event.request] : []));
}

function first(session: StreamSession): PluginRequest {
  const [request] = asked(session);
  if (request === undefined) throw new Error('nothing was asked');
  return request;
}

describe('what a plugin asks of the host', () => {
  test('is told with its run, and answered under the id that it has', () => {
    const session = readySession();
    const id = startRun(session, 'a');
    session.receive(bytesOf(ask('s1', 'state.set', { id, key: 'k', value: { n: 1 } }), ask(7)), 0);
    const requests = asked(session);
    expect(requests).toEqual([
      { key: 's1', runId: id, method: 'state.set', params: { id, key: 'k', value: { n: 1 } } },
      { key: 7, runId: id, method: 'state.get', params: { key: 'k' } },
    ]);
    session.takeOutput();
    const [set, get] = requests as [PluginRequest, PluginRequest];
    session.answer(get, { kind: 'result', result: { value: null, version: null } });
    session.answer(set, { kind: 'refusal', reason: 'CONFLICT', message: 'm', details: { version: 'v' } });
    expect(sent(session)).toEqual([
      { jsonrpc: '2.0', id: 7, result: { value: null, version: null } },
      { jsonrpc: '2.0', id: 's1', error: { code: -32000, message: 'm', data: { version: 'v', code: 'CONFLICT' } } },
    ]);
    session.answer(get, { kind: 'result', result: 'twice' });
    expect(session.takeOutput()).toEqual([]);
  });

  test('belongs to the run that it names, with two in flight', () => {
    const session = readySession({ concurrency: 2 });
    const [one, two] = [startRun(session, 'a'), startRun(session, 'b')];
    session.takeOutput();
    session.receive(
      bytesOf(
        ask(1, 'state.get', { id: two }),
        ask(2),
        ask(3, 'state.get', { id: 99 }),
        ask(4, 'state.get', { id: 'x' }),
      ),
      0,
    );
    expect(asked(session)).toMatchObject([{ key: 1, runId: two }]);
    expect(sent(session)).toMatchObject([2, 3, 4].map((key) => refusal(key, -32000, 'NO_RUN')));
    session.receive(bytesOf(result(two, { nonce: 'b' }), ask(5)), 0);
    expect(asked(session)).toMatchObject([{ key: 5, runId: one }]);
  });

  test('has params that are no object as if it had none', () => {
    const session = readySession();
    startRun(session, 'a');
    session.receive(bytesOf({ jsonrpc: '2.0', id: 1, method: 'state.list', params: [1] }), 0);
    session.receive(bytesOf({ jsonrpc: '2.0', id: 2, method: 'state.list' }), 0);
    expect(asked(session)).toMatchObject([{ params: {} }, { params: {} }]);
  });

  test.each([
    ['sampling', -32601, 'METHOD_NOT_FOUND'],
    ['state.drop', -32601, 'METHOD_NOT_FOUND'],
    ['http.fetch', -32601, 'NOT_SUPPORTED'],
    ['secret.get', -32601, 'NOT_SUPPORTED'],
  ])('is refused when it is %s', (method, code, reason) => {
    const session = readySession();
    startRun(session, 'a');
    session.takeOutput();
    session.receive(bytesOf(ask('a', method)), 0);
    expect(sent(session)).toMatchObject([refusal('a', code, reason)]);
    expect(session.state).toBe('busy');
  });

  test('is refused when the manifest does not declare it', () => {
    const session = readySession({ services: [] });
    startRun(session, 'a');
    session.takeOutput();
    session.receive(bytesOf(ask('a')), 0);
    expect(sent(session)).toMatchObject([refusal('a', -32000, 'NOT_DECLARED')]);
  });

  test('is refused before the first run, between two, and after the last', () => {
    const session = readySession();
    session.receive(bytesOf(ask(1)), 0);
    const id = startRun(session, 'a');
    session.receive(bytesOf(result(id, { nonce: 'a' }), ask(2, 'state.get', { id })), 0);
    expect(sent(session)).toMatchObject([
      refusal(1, -32000, 'NO_RUN'),
      { method: 'run' },
      refusal(2, -32000, 'NO_RUN'),
    ]);
    session.close(1_000, 0);
    session.receive(bytesOf(ask(3)), 0);
    expect(sent(session)).toMatchObject([refusal(3, -32000, 'NO_RUN')]);
  });

  test('is answered by the end of its run, and its late answer by nobody', () => {
    const session = readySession();
    const id = startRun(session, 'a');
    session.receive(bytesOf(ask(1), result(id, { nonce: 'a' })), 0);
    const late = first(session);
    expect(sent(session)).toMatchObject([{ method: 'run' }, refusal(1, -32000, 'NO_RUN')]);
    startRun(session, 'b');
    session.receive(bytesOf(ask(1)), 0);
    session.takeOutput();
    const next = first(session);
    session.answer(late, { kind: 'result', result: 'of another run' });
    expect(session.takeOutput()).toEqual([]);
    session.answer(next, { kind: 'result', result: 'its own' });
    expect(sent(session)).toEqual([{ jsonrpc: '2.0', id: 1, result: 'its own' }]);
  });

  test('leaves the requests of other runs open when a run ends', () => {
    const session = readySession({ concurrency: 2 });
    const [one, two] = [startRun(session, 'a'), startRun(session, 'b')];
    session.receive(bytesOf(ask(1, 'state.get', { id: one }), ask(2, 'state.get', { id: two })), 0);
    const [, other] = asked(session) as [PluginRequest, PluginRequest];
    session.takeOutput();
    session.receive(bytesOf(result(one, { nonce: 'a' })), 0);
    session.answer(other, { kind: 'result', result: 1 });
    expect(sent(session)).toMatchObject([refusal(1, -32000, 'NO_RUN'), { id: 2, result: 1 }]);
  });

  test('is answered no more when the session is over', () => {
    const session = readySession();
    startRun(session, 'a');
    session.receive(bytesOf(ask(1)), 0);
    const request = first(session);
    session.end({ ...CLEAN_END, exitCode: 1 }, 0);
    session.answer(request, { kind: 'result', result: 1 });
    expect(session.takeOutput()).toEqual([]);
  });

  test('breaks the session when two at once have one id', () => {
    const session = readySession();
    const id = startRun(session, 'a');
    session.receive(bytesOf(ask('twin'), ask('twin')), 0);
    const said = told(session).slice(-2);
    const outcome = {
      code: 'protocol',
      violation: 'bad_message',
      message: expect.stringContaining('"twin"') as string,
    };
    expect(said).toMatchObject([
      { type: 'runEnded', id, outcome },
      { type: 'broken', outcome },
    ]);
  });

  test('is refused while too many wait, whether for an answer or to be read', () => {
    const session = readySession();
    startRun(session, 'a');
    const keys = Array.from({ length: OPEN_REQUESTS_MAX }, (_, index) => index);
    session.receive(bytesOf(...keys.map((key) => ask(key))), 0);
    const requests = asked(session);
    expect(requests).toHaveLength(OPEN_REQUESTS_MAX);
    session.takeOutput();
    session.receive(bytesOf(ask('more')), 0);
    expect(sent(session)).toMatchObject([refusal('more', -32000, 'BUSY')]);
    for (const request of requests) session.answer(request, { kind: 'result', result: 0 });
    session.receive(bytesOf(ask('unread')), 0);
    expect(sent(session).at(-1)).toMatchObject(refusal('unread', -32000, 'BUSY'));
    session.receive(bytesOf(ask('now')), 0);
    expect(asked(session)).toMatchObject([{ key: 'now' }]);
  });

  test('is refused when its line is too long', () => {
    const session = readySession();
    startRun(session, 'a');
    session.takeOutput();
    session.receive(bytesOf(ask(1, 'state.set', { value: 'x'.repeat(REQUEST_BYTES_MAX) })), 0);
    expect(sent(session)).toMatchObject([refusal(1, -32000, 'TOO_LARGE')]);
  });

  test('is no flood as long as it is admitted, and no part of the output', () => {
    const session = readySession({ rate: { linesPerSecond: 1, bytesPerSecond: 100 }, outputBytes: 200 });
    const id = startRun(session, 'a');
    for (let count = 0; count < 50; count += 1) {
      session.receive(bytesOf(ask(count, 'state.set', { value: 'x'.repeat(100) })), 0);
      session.answer(first(session), { kind: 'result', result: count });
      session.takeOutput();
    }
    session.receive(bytesOf(result(id, { nonce: 'a' })), 0);
    expect(told(session)).toMatchObject([{ type: 'runEnded', outcome: { code: 'ok' } }]);
  });

  test('is a flood when what is refused comes too often, or is not read', () => {
    const often = readySession({ rate: { linesPerSecond: 10, bytesPerSecond: 1e6 } });
    for (let count = 0; count < 20 && often.state === 'idle'; count += 1) {
      often.receive(bytesOf(ask(count)), 0);
      often.takeOutput();
    }
    expect(told(often)).toMatchObject([{ type: 'broken', outcome: { code: 'protocol', violation: 'flood' } }]);
    const unread = readySession();
    for (let count = 0; count < 3_000 && unread.state === 'idle'; count += 1)
      unread.receive(bytesOf(ask(count)), count);
    expect(told(unread)).toMatchObject([{ type: 'broken', outcome: { code: 'protocol', violation: 'flood' } }]);
    expect(unread.takeOutput()).toEqual([]);
  });
});
