// What a plugin sends without being asked: told, left out, refused, or a flood.
import { describe, expect, test } from 'vitest';
import { bytesOf, notification, readySession, result, startRun, told } from '../../../support/stream/stream-driver.ts';

describe('what a plugin says unasked', () => {
  test('is told with the run that it names, or the only one in flight', () => {
    const session = readySession({ concurrency: 2 });
    const log = notification('log', { level: 'warn', message: 'late', fields: { page: 7 } });
    session.receive(
      bytesOf(log, notification('progress', { done: 1 }), notification('metric', { name: 'a', value: 1 })),
      0,
    );
    const id = startRun(session, 'a');
    session.receive(bytesOf(log, notification('progress', { done: 1, total: 2, message: 'half' })), 0);
    const second = startRun(session, 'b');
    session.receive(
      bytesOf(
        log,
        notification('log', { id: second, level: 'info', message: 'm' }),
        notification('log', { id: 1, level: 'info', message: 'm' }),
        notification('metric', { id: second, name: 'rows', value: 1.5, labels: { table: 'x' } }),
        notification('metric', { id: 77, name: 'rows', value: 1 }),
      ),
      0,
    );
    const line = { level: 'warn', message: 'late page=7' };
    const plain = { level: 'info', message: 'm' };
    expect(told(session)).toEqual([
      { type: 'logLine', id: null, line },
      { type: 'logLine', id, line },
      { type: 'progress', id, done: 1, total: 2, message: 'half' },
      { type: 'logLine', id: null, line },
      { type: 'logLine', id: second, line: plain },
      { type: 'logLine', id: null, line: plain },
      { type: 'metric', id: second, name: 'rows', value: 1.5, labels: { table: 'x' } },
    ]);
  });

  test('is left out when it is malformed or unknown, and never fails a run', () => {
    const session = readySession();
    startRun(session, 'a');
    session.receive(
      bytesOf(
        notification('log', { level: 'loud', message: 'm' }),
        notification('progress', null),
        notification('metric', { name: 'No', value: 1 }),
        notification('metric', {
          name: 'a',
          value: 1,
          labels: Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`l${index}`, 'v'])),
        }),
        notification('later', {}),
      ),
      0,
    );
    const reasons = told(session).map((event) => (event.type === 'ignored' ? event.reason : event.type));
    expect(reasons).toEqual([
      expect.stringContaining('the log is malformed: level: '),
      expect.stringContaining('the progress is malformed: '),
      expect.stringContaining('the metric is malformed: name: '),
      expect.stringContaining('the metric is malformed: labels: has more than 8 labels'),
      'there is no notification later',
    ]);
    expect(session.state).toBe('busy');
  });

  test.each([
    ['lines', { linesPerSecond: 10, bytesPerSecond: 1e6 }],
    ['bytes', { linesPerSecond: 1e6, bytesPerSecond: 800 }],
  ])('is a flood beyond so many %s per second, and none when it is spread', (_unit, rate) => {
    const line = notification('log', { level: 'info', message: 'm' });
    const steady = readySession({ rate });
    for (let count = 0; count < 100; count += 1) steady.receive(bytesOf(line), count * 101);
    expect(steady.state).toBe('idle');
    const flooding = readySession({ rate });
    const id = startRun(flooding, 'a');
    flooding.receive(bytesOf(...Array.from({ length: 20 }, () => line)), 0);
    const events = told(flooding);
    expect(events.filter(({ type }) => type === 'logLine').length).toBeLessThanOrEqual(10);
    expect(events.slice(-2)).toMatchObject([
      { type: 'runEnded', id, outcome: { code: 'protocol', violation: 'flood' } },
      { type: 'broken' },
    ]);
  });

  test('counts blank lines, and does not count answers', () => {
    const rate = { linesPerSecond: 5, bytesPerSecond: 1e6 };
    const session = readySession({ rate });
    for (let count = 0; count < 50; count += 1)
      session.receive(bytesOf(result(startRun(session, 'a'), { nonce: 'a' })), 0);
    session.receive(bytesOf('', '', ' ', '\r', '\t'), 0);
    expect(session.state).toBe('idle');
    session.receive(bytesOf(''), 0);
    expect(session.state).toBe('broken');
  });
});
