// The circuit breaker of a plugin version: what each happening does in each state, against a table written here a second time.
import { describe, expect, test } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { Outcome } from '../../../src/core/outcome.ts';
import { OUTCOME_CODES } from '../../../src/core/outcome.ts';
import { mayMoveQuarantine, VERDICTS, type QuarantineState } from '../../../src/core/quarantine.ts';
import { Quarantine, type QuarantineMove } from '../../../src/sandbox/pool/quarantine.ts';

const CRASH: Outcome = { code: 'crash', message: 'it fell', exitCode: 3, signal: null };
const NOT_READY: Outcome = { code: 'not_ready', message: 'no word' };
const OK: Outcome = { code: 'ok', message: '' };
const BUSY: Outcome = { code: 'busy', message: '', retryAfterMs: 1 };
const LIMITS = { failures: 3, windowMs: 10_000 };

interface Stage {
  readonly quarantine: Quarantine;
  readonly moves: QuarantineMove[];
  /** later than any pause that has begun */
  readonly nowMs: number;
}

/** One that has just come into the state. */
function stage(state: QuarantineState): Stage {
  const moves: QuarantineMove[] = [];
  const quarantine = new Quarantine(LIMITS, new SystemIds(), (move) => moves.push(move));
  if (state !== 'closed') for (let count = 0; count < 3; count += 1) quarantine.judge(0, CRASH, true);
  if (state === 'half_open') expect(quarantine.admit(2_000)).toBeNull();
  expect(quarantine.state).toBe(state);
  return { quarantine, moves, nowMs: 3_000 };
}

const HAPPENINGS = {
  serves: ({ quarantine, nowMs }: Stage) => {
    quarantine.judge(nowMs, OK, false);
  },
  crashes: ({ quarantine, nowMs }: Stage) => {
    quarantine.judge(nowMs, CRASH, true);
  },
  'crashes after others were served': ({ quarantine, nowMs }: Stage) => {
    quarantine.judge(nowMs, CRASH, false);
  },
  'says nothing of it': ({ quarantine, nowMs }: Stage) => {
    quarantine.judge(nowMs, BUSY, true);
  },
  'cannot start': ({ quarantine, nowMs }: Stage) => {
    quarantine.failStart(nowMs, NOT_READY);
  },
  starts: ({ quarantine }: Stage) => {
    quarantine.noteStart();
  },
  'is asked for in the pause': ({ quarantine }: Stage) => {
    quarantine.admit(1);
  },
  'is asked for after the pause': ({ quarantine, nowMs }: Stage) => {
    quarantine.admit(nowMs);
  },
  'is given up': ({ quarantine }: Stage) => {
    quarantine.giveUp();
  },
  'is lifted': ({ quarantine }: Stage) => {
    quarantine.lift();
  },
};
type Happening = keyof typeof HAPPENINGS;
const NEXT: Readonly<Record<Happening, readonly [QuarantineState, QuarantineState, QuarantineState]>> = {
  // from:                               closed    open         half_open
  serves: /*                         */ ['closed', 'closed', 'closed'],
  crashes: /*                        */ ['closed', 'open', 'open'],
  'crashes after others were served': ['closed', 'open', 'half_open'],
  'says nothing of it': /*           */ ['closed', 'open', 'half_open'],
  'cannot start': /*                 */ ['closed', 'open', 'open'],
  starts: /*                         */ ['closed', 'open', 'half_open'],
  'is asked for in the pause': /*    */ ['closed', 'open', 'half_open'],
  'is asked for after the pause': /* */ ['closed', 'half_open', 'half_open'],
  'is given up': /*                  */ ['closed', 'open', 'open'],
  'is lifted': /*                    */ ['closed', 'closed', 'closed'],
};
const STATES = ['closed', 'open', 'half_open'] as const;
const MATRIX = (Object.keys(NEXT) as Happening[]).flatMap((happening) =>
  STATES.map((from, column) => ({ happening, from, to: NEXT[happening][column] ?? from })),
);

describe('a quarantine', () => {
  test.each(MATRIX)('that is $from is $to when its plugin $happening', ({ happening, from, to }) => {
    const at = stage(from);
    at.moves.length = 0;
    HAPPENINGS[happening](at);
    expect(at.quarantine.state).toBe(to);
    expect(at.moves.map((move) => [move.from, move.to])).toEqual(from === to ? [] : [[from, to]]);
    for (const move of at.moves) expect(mayMoveQuarantine(move.from, move.to)).toBe(true);
  });

  test('opens at its number of failures in a row, of any kind, within the time', () => {
    const { quarantine } = stage('closed');
    quarantine.judge(0, CRASH, true);
    quarantine.failStart(1, NOT_READY);
    quarantine.judge(10_000, CRASH, true);
    expect(quarantine.state).toBe('closed');
    quarantine.judge(10_000, CRASH, true);
    expect(quarantine.state).toBe('open');
  });

  test('starts its count anew after an invocation that was served', () => {
    const { quarantine } = stage('closed');
    for (let count = 0; count < 9; count += 1) quarantine.judge(count, count % 3 === 2 ? OK : CRASH, true);
    expect(quarantine.state).toBe('closed');
  });

  test('counts no failure that is not the plugin’s, but pauses its starts', () => {
    const { quarantine } = stage('closed');
    for (let count = 0; count < 9; count += 1)
      quarantine.failStart(count * 60_000, { code: 'image', message: 'no image' });
    expect(quarantine.state).toBe('closed');
    expect(quarantine.admit(8 * 60_000)).toMatchObject({ outcome: { code: 'image', message: 'no image' } });
  });

  test('tells the remembered cause, its code and when to come back, and lets one probe in', () => {
    const { quarantine } = stage('closed');
    for (let count = 0; count < 3; count += 1) quarantine.judge(0, CRASH, true);
    const told = quarantine.admit(0);
    expect(told).toMatchObject({
      code: 'START_FAILED',
      outcome: { code: 'start_failed', message: 'left alone after 3 failures in a row; the latest: it fell' },
    });
    expect(told?.retryAfterMs).toBeGreaterThanOrEqual(800);
    expect(told?.retryAfterMs).toBeLessThanOrEqual(1_000);
    expect([quarantine.admit(1_000), quarantine.state]).toEqual([null, 'half_open']);
    expect(quarantine.admit(1_000)).toMatchObject({ retryAfterMs: 1_000 });
  });

  test('leaves a plugin alone twice as long after each probe that failed, a minute at most', () => {
    const { quarantine, moves } = stage('open');
    let nowMs = 0;
    for (const longMs of [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000)) {
      const untilMs = moves.findLast(({ to }) => to === 'open')?.untilMs ?? 0;
      expect(untilMs - nowMs).toBeGreaterThanOrEqual(longMs * 0.8);
      expect(untilMs - nowMs).toBeLessThanOrEqual(longMs);
      nowMs = untilMs;
      expect(quarantine.admit(nowMs)).toBeNull();
      quarantine.judge(nowMs, CRASH, true);
    }
  });

  test('has a verdict for every outcome', () => {
    expect(Object.keys(VERDICTS).sort()).toEqual([...OUTCOME_CODES].sort());
  });
});
