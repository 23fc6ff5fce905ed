// The pure parts of the panel: how numbers read, where bars stand, what a run's document holds.
import { describe, expect, it } from 'vitest';
import { runView } from '../../../src/web/api/run-view.ts';
import { formatBytes, formatJson, formatSpan } from '../../../src/web/panel/format.ts';
import { factRows, fieldRows } from '../../../src/web/panel/self-description-rows.ts';
import { waterfallOf } from '../../../src/web/panel/waterfall.ts';
import { buildInvocation, buildRun } from '../../support/store/build-records.ts';

describe('formats', () => {
  it.each([
    [0, '0 ms'],
    [0.4, '< 1 ms'],
    [84, '84 ms'],
    [1_240, '1.24 s'],
    [59_900, '59.9 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
    [12_000_000, '3 h 20 min'],
  ])('writes %d ms as %s', (durationMs, text) => {
    expect(formatSpan(durationMs)).toBe(text);
  });

  it.each([
    [512, '512 B'],
    [12_595, '12.3 KiB'],
    [134_217_728, '128 MiB'],
    [5 * 1024 ** 4, '5120 GiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('makes hostile text in JSON visible and cuts what a page cannot carry', () => {
    expect(formatJson({ name: 'a\u202eb' }).text).toContain('a\\u202eb');
    const long = formatJson('x'.repeat(100_000));
    expect(long.isCut).toBe(true);
    expect(long.text.length).toBeLessThan(70_000);
  });
});

describe('what a plugin says of itself', () => {
  it('becomes rows of text in which nothing hostile is left, cut to what a page can carry', () => {
    const metadata = { 'a\u202eb': '<b>x</b>\u0007', rows: 3, long: 'x'.repeat(600) };
    const rows = factRows(metadata);
    expect(rows.slice(0, 2)).toEqual([
      { name: 'a\\u202eb', value: '<b>x</b>\\u0007' },
      { name: 'rows', value: '3' },
    ]);
    expect(rows[2]?.value).toHaveLength(502);
    expect(factRows(Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${n}`, n])))).toHaveLength(100);
    expect(factRows(null)).toEqual([]);
  });

  it('has a row for each setting, whatever the schema is', () => {
    const properties = { limit: { type: 'integer', default: 10, description: 'How many.' }, odd: 7 };
    const empty = { type: '', isRequired: false, standard: '', description: '' };
    expect(fieldRows({ schema: { properties, required: ['limit'] }, hints: {} })).toEqual([
      { name: 'limit', type: 'integer', isRequired: true, standard: '10', description: 'How many.' },
      { name: 'odd', ...empty },
    ]);
    expect([fieldRows({ schema: { properties: [1] }, hints: {} }), fieldRows(null)]).toEqual([[], []]);
  });
});

function endedRun() {
  const run = buildRun({ state: 'succeeded', startedAtMs: 1_000, finishedAtMs: 2_000 });
  const invocation = buildInvocation(run.id, {
    state: 'succeeded',
    outcome: { code: 'ok', message: '' },
    startedAtMs: 1_100,
    finishedAtMs: 2_000,
    phases: { sandboxWaitMs: 100, sendMs: 0, runMs: 800, receiveMs: 100 },
  });
  return { run, invocation };
}

describe('runView', () => {
  it('puts each invocation under its hook, with its result', () => {
    const { run, invocation } = endedRun();
    const view = runView(run, [invocation], { data: { a: 1 }, results: new Map([[invocation.id, [1, 2]]]) });
    expect(view).toMatchObject({
      durationMs: 1_000,
      data: { a: 1 },
      hooks: [{ plugins: [{ result: [1, 2], durationMs: 900 }] }],
    });
  });

  it('never shows a negative duration', () => {
    const run = buildRun({ state: 'succeeded', startedAtMs: 2_000, finishedAtMs: 1_000 });
    expect(runView(run, [], { data: null, results: new Map() }).durationMs).toBe(0);
  });
});

describe('waterfallOf', () => {
  it('lays the phases of an invocation end to end over the axis', () => {
    const { run, invocation } = endedRun();
    const waterfall = waterfallOf(runView(run, [invocation], { data: null, results: new Map() }));
    expect(waterfall?.spanMs).toBe(1_000);
    expect(waterfall?.rows[0]?.bars.map(({ phase, x, width }) => [phase, x, width])).toEqual([
      ['wait', 0, 100],
      ['send', 100, 2],
      ['run', 100, 800],
      ['receive', 900, 100],
    ]);
  });

  it('is absent while nothing has run', () => {
    expect(waterfallOf(runView(buildRun(), [], { data: null, results: new Map() }))).toBeNull();
  });
});
