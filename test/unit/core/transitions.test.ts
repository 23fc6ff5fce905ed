// The whole from × to matrix of each state machine, against tables written here a second time: a step that is added or lost by
// accident shows as a difference.
import { describe, expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { formatId } from '../../../src/core/ids.ts';
import {
  INVOCATION_STATES,
  INVOCATION_TRANSITIONS,
  stateOfOutcome,
  type InvocationState,
} from '../../../src/core/invocation.ts';
import { isSuccessful, OUTCOME_CODES, type Outcome } from '../../../src/core/outcome.ts';
import { advanceRun, isTerminal, mayAdvance, RUN_STATES, type Run } from '../../../src/core/run.ts';
import { BRAKE_STATES, describePressure, mayMoveBrake } from '../../../src/core/pressure.ts';
import { mayMoveQuarantine, QUARANTINE_STATES } from '../../../src/core/quarantine.ts';
import { mayMoveSandbox, SANDBOX_STATES } from '../../../src/core/sandbox.ts';

// Rows: from; columns: to, in the order of the list of states. x: permitted.
const RUN_MATRIX = {
  //          q r w s f c t
  queued: /*   */ '.x..xxx',
  running: /*  */ 'x.xxxxx',
  waiting: /*  */ 'xx.xxxx',
  succeeded: /**/ '.......',
  failed: /*   */ '.......',
  cancelled: /**/ '.......',
  timed_out: /**/ '.......',
};
const INVOCATION_MATRIX = {
  pending: /*  */ '.x.xxx',
  running: /*  */ '..xxxx',
  succeeded: /**/ '......',
  failed: /*   */ '......',
  skipped: /*  */ '......',
  cancelled: /**/ '......',
};
const SANDBOX_MATRIX = {
  creating: /**/ '.x..xx',
  starting: /**/ '..x.x.',
  idle: /*    */ '...xx.',
  busy: /*    */ '..x.x.',
  stopping: /**/ '.....x',
  gone: /*    */ '......',
};

const QUARANTINE_MATRIX = {
  closed: /*   */ '.x.',
  open: /*     */ 'x.x',
  half_open: /**/ 'xx.',
};

const BRAKE_MATRIX = {
  free: /*   */ '.xx',
  slowed: /* */ 'x.x',
  stopped: /**/ '.x.',
};

function pairs<State extends string>(
  states: readonly State[],
  matrix: Readonly<Record<State, string>>,
): [from: State, to: State, isPermitted: boolean][] {
  return states.flatMap((from) =>
    states.map((to, column): [State, State, boolean] => [from, to, matrix[from][column] === 'x']),
  );
}

const RUN = { id: formatId('run', 1, new Uint8Array(10)), state: 'queued', epoch: 3 } as Run;

describe('a run', () => {
  it.each(pairs(RUN_STATES, RUN_MATRIX))('from %s to %s: %s', (from, to, isPermitted) => {
    expect(mayAdvance(from, to)).toBe(isPermitted);
    const advance = (): Run => advanceRun({ ...RUN, state: from }, to, { epoch: 4 });
    if (isPermitted) expect(advance()).toMatchObject({ state: to, epoch: 4, id: RUN.id });
    else expect(advance).toThrow(GantryError);
  });

  it('is terminal exactly where no step leads out', () => {
    for (const state of RUN_STATES) expect(isTerminal(state)).toBe(!RUN_MATRIX[state].includes('x'));
  });

  it('can reach an end from every state that is none', () => {
    for (const state of RUN_STATES)
      if (!isTerminal(state)) expect(RUN_STATES.some((to) => mayAdvance(state, to) && isTerminal(to))).toBe(true);
  });

  it('refuses a step outside the table as a DEFECT that names both states', () => {
    expect(() => advanceRun({ ...RUN, state: 'failed' }, 'running')).toThrow(/no step failed → running/);
    expect(() => advanceRun({ ...RUN, state: 'failed' }, 'running')).toThrow(
      expect.objectContaining({ code: 'DEFECT', fault: 'defect' }),
    );
  });

  it('leaves the given record as it was', () => {
    const before = structuredClone(RUN);
    advanceRun(RUN, 'running', { epoch: 9 });
    expect(RUN).toEqual(before);
  });
});

describe('an invocation', () => {
  it.each(pairs(INVOCATION_STATES, INVOCATION_MATRIX))('from %s to %s: %s', (from, to, isPermitted) => {
    expect((INVOCATION_TRANSITIONS[from] as readonly InvocationState[]).includes(to)).toBe(isPermitted);
  });

  const ends: Partial<Record<string, InvocationState>> = {
    ok: 'succeeded',
    skipped: 'skipped',
    cancelled: 'cancelled',
  };
  it.each(OUTCOME_CODES.map((code) => [code, ends[code] ?? 'failed'] as const))(
    'with the outcome %s ends as %s',
    (code, state) => {
      expect(stateOfOutcome({ code, message: '' } as Outcome)).toBe(state);
      expect(isSuccessful({ code, message: '' } as Outcome)).toBe(code === 'ok' || code === 'skipped');
      expect(INVOCATION_TRANSITIONS.running).toContain(state);
    },
  );
});

describe('a sandbox', () => {
  it.each(pairs(SANDBOX_STATES, SANDBOX_MATRIX))('from %s to %s: %s', (from, to, isPermitted) => {
    expect(mayMoveSandbox(from, to)).toBe(isPermitted);
  });

  it('can be stopped from every state but its last two (I-7)', () => {
    for (const state of SANDBOX_STATES)
      expect(mayMoveSandbox(state, 'stopping')).toBe(state !== 'stopping' && state !== 'gone');
  });
});

describe('the quarantine of a plugin version', () => {
  it.each(pairs(QUARANTINE_STATES, QUARANTINE_MATRIX))('from %s to %s: %s', (from, to, isPermitted) => {
    expect(mayMoveQuarantine(from, to)).toBe(isPermitted);
  });
});

describe('the brake on starts', () => {
  it.each(pairs(BRAKE_STATES, BRAKE_MATRIX))('from %s to %s: %s', (from, to, isPermitted) => {
    expect(mayMoveBrake(from, to)).toBe(isPermitted);
  });

  it('tells what can be read of the pressure, in percent', () => {
    expect(describePressure({ cpu: 0.123, memory: null, io: 0 })).toBe('cpu 12 %, io 0 %');
  });
});
