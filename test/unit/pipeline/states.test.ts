// The whole from × to matrix of runs and of invocations against the charts in src/core: what is not drawn there does not happen.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { INVOCATION_STATES, INVOCATION_TRANSITIONS, stateOfOutcome } from '../../../src/core/invocation.ts';
import { OUTCOME_CODES, type Outcome } from '../../../src/core/outcome.ts';
import { advanceRun, isTerminal, RUN_STATES, RUN_TRANSITIONS } from '../../../src/core/run.ts';
import { buildRun } from '../../support/store/build-records.ts';

const RUN_STEPS = new Set([
  ...['running', 'failed', 'cancelled', 'timed_out'].map((to) => `queued → ${to}`),
  ...['queued', 'waiting', 'succeeded', 'failed', 'cancelled', 'timed_out'].map((to) => `running → ${to}`),
  ...['queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out'].map((to) => `waiting → ${to}`),
]);
const INVOCATION_STEPS = new Set([
  ...['running', 'failed', 'skipped', 'cancelled'].map((to) => `pending → ${to}`),
  ...['succeeded', 'failed', 'skipped', 'cancelled'].map((to) => `running → ${to}`),
]);

describe('a run', () => {
  const steps = RUN_STATES.flatMap((from) => RUN_STATES.map((to) => ({ from, to })));

  test.each(steps.filter(({ from, to }) => RUN_STEPS.has(`${from} → ${to}`)))(
    'goes from $from to $to',
    ({ from, to }) => {
      expect(advanceRun(buildRun({ state: from }), to, { epoch: 7 })).toMatchObject({ state: to, epoch: 7 });
    },
  );

  test.each(steps.filter(({ from, to }) => !RUN_STEPS.has(`${from} → ${to}`)))(
    'refuses to go from $from to $to',
    ({ from, to }) => {
      expect(() => advanceRun(buildRun({ state: from }), to)).toThrow(GantryError);
    },
  );

  test('leaves no terminal state', () => {
    const terminal = RUN_STATES.filter(isTerminal);
    expect(terminal).toEqual(['succeeded', 'failed', 'cancelled', 'timed_out']);
    expect(terminal.flatMap((state) => RUN_TRANSITIONS[state])).toEqual([]);
  });
});

describe('an invocation', () => {
  const steps = INVOCATION_STATES.flatMap((from) => INVOCATION_STATES.map((to) => ({ from, to })));

  test.each(steps)('goes from $from to $to only if its chart says so', ({ from, to }) => {
    const targets: readonly string[] = INVOCATION_TRANSITIONS[from];
    expect(targets.includes(to)).toBe(INVOCATION_STEPS.has(`${from} → ${to}`));
  });

  test.each(OUTCOME_CODES)('ends by the outcome %s in a state that running leads to', (code) => {
    const targets: readonly string[] = INVOCATION_TRANSITIONS.running;
    expect(targets).toContain(stateOfOutcome({ code, message: '' } as Outcome));
  });
});
