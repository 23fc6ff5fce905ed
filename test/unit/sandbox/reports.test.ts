// What a plugin reports beside its result is kept within bounds, told at a bearable rate, and never as it was written.
import { beforeEach, describe, expect, it } from 'vitest';
import { Redactor } from '../../../src/core/redact.ts';
import { REPORTED_METRICS_BYTES, REPORTED_METRICS_MAX, type Progress } from '../../../src/core/reported.ts';
import { Reports } from '../../../src/sandbox/session/reports.ts';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { HeldRuns } from '../../support/sandbox/held-runs.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';

let clock: FakeClock;
let told: Progress[];
let reports: Reports;
beforeEach(() => {
  clock = new FakeClock();
  told = [];
  reports = new Reports(clock, new Redactor(['hunter22-secret']), (progress) => told.push(progress));
});
const at = (done: number, message: string | null = null): Progress => ({ done, total: 1_000, message });
const metric = (name: string, value: number, labels: Record<string, string> = {}) => ({ name, value, labels });

describe('progress', () => {
  it('is told at once, then at most four times a second, and always to the last', async () => {
    for (let done = 0; done < 1_000; done += 1) {
      reports.progress(at(done));
      await clock.advance(1);
    }
    expect(told.length).toBeLessThanOrEqual(5);
    expect(told[0]?.done).toBe(0);
    await clock.advance(250);
    expect(told.at(-1)?.done).toBe(999);
  });

  it('is told to the last when the invocation ends in between', () => {
    for (const done of [1, 2, 3]) reports.progress(at(done));
    reports.end();
    expect(told.map(({ done }) => done)).toEqual([1, 3]);
    expect(reports.reported?.progress?.done).toBe(3);
  });

  it('of which nothing is new is not told again', async () => {
    reports.progress(at(1));
    await clock.advance(5_000);
    reports.end();
    expect(told).toHaveLength(1);
  });

  it('carries no secret, no control character, and no novel', () => {
    reports.progress(at(1, `with hunter22-secret\u001b[2J${'x'.repeat(5_000)}`));
    expect(told[0]?.message).not.toContain('hunter22');
    expect(told[0]?.message).toContain('\\u001b[2J');
    expect(told[0]?.message?.length).toBe(200);
  });
});

describe('metrics', () => {
  it('are kept as the last value of each name and set of labels', () => {
    reports.metric(metric('rows', 1, { table: 'a', shard: 'x' }));
    reports.metric(metric('rows', 2, { table: 'b' }));
    reports.metric(metric('rows', 3, { shard: 'x', table: 'a' }));
    expect(reports.reported).toEqual({
      progress: null,
      metrics: [metric('rows', 3, { shard: 'x', table: 'a' }), metric('rows', 2, { table: 'b' })],
      droppedMetrics: 0,
    });
  });

  it('are bounded in number, and what is over is counted', () => {
    for (let index = 0; index < REPORTED_METRICS_MAX + 7; index += 1) reports.metric(metric(`name_${index}`, index));
    expect(reports.reported?.metrics).toHaveLength(REPORTED_METRICS_MAX);
    expect(reports.reported?.droppedMetrics).toBe(7);
    reports.metric(metric('name_0', 99));
    expect(reports.reported?.metrics[0]?.value).toBe(99);
  });

  it('are bounded in bytes', () => {
    for (let index = 0; index < 40; index += 1) reports.metric(metric(`name_${index}`, 1, { of: 'ü'.repeat(100) }));
    const { metrics = [], droppedMetrics = 0 } = reports.reported ?? {};
    expect(Buffer.byteLength(JSON.stringify(metrics))).toBeLessThanOrEqual(REPORTED_METRICS_BYTES);
    expect(metrics.length + droppedMetrics).toBe(40);
  });

  it('carry no secret and no control character', () => {
    reports.metric(metric('rows', 1, { of: 'hunter22-secret\u202e' }));
    const text = JSON.stringify(reports.reported);
    expect(text).not.toContain('hunter22');
    expect(text).not.toContain('\u202e');
  });
});

it('belongs to the run that it names, also with several at once in a sandbox', async () => {
  await using worker = new FakeWorker();
  const held = new HeldRuns(worker);
  const shown: (readonly [string, number])[] = [];
  const named = (name: string) => ({ onProgress: ({ done }: Progress) => shown.push([name, done]) });
  const ends = [...(await held.hold(1, named('first'))), ...(await held.hold(1, named('second')))];
  const [first, second] = held.runs;
  await second?.say({ method: 'progress', params: { id: second.id, done: 2 } });
  await first?.say({ method: 'progress', params: { id: first.id, done: 1 } });
  await first?.say({ method: 'metric', params: { id: first.id, name: 'rows', value: 7 } });
  await held.answerAll();
  expect(shown).toEqual([
    ['second', 2],
    ['first', 1],
  ]);
  expect((await Promise.all(ends)).map(({ reported }) => reported)).toEqual([
    { progress: { done: 1, total: null, message: null }, metrics: [metric('rows', 7)], droppedMetrics: 0 },
    { progress: { done: 2, total: null, message: null }, metrics: [], droppedMetrics: 0 },
  ]);
});

it('nothing reported is nothing kept', () => {
  expect(reports.reported).toBeNull();
});
