// Faults are armed by the environment alone, and a misspelt one is told: a fault that a test planned and nobody carried out proves nothing.
import { expect, test } from 'vitest';
import { readFailpoints } from '../../../src/config/read-failpoint.ts';

test('arms nothing unless it is asked to', () => {
  expect(readFailpoints({})).toEqual([]);
  expect(readFailpoints({ GANTRY_TEST_FAILPOINT: '' })).toEqual([]);
});

test('reads places, faults and counts', () => {
  expect(readFailpoints({ GANTRY_TEST_FAILPOINT: 'run-stored:kill,beat-due:freeze:12' })).toEqual([
    { at: 'run-stored', fault: 'kill', nth: 1 },
    { at: 'beat-due', fault: 'freeze', nth: 12 },
  ]);
});

test.each(['run-stored', 'nowhere:kill', 'run-stored:explode', 'run-stored:kill:0', 'run-stored:kill:1:2', ','])(
  'refuses %s',
  (text) => {
    expect(() => readFailpoints({ GANTRY_TEST_FAILPOINT: text })).toThrow(/names no fault/);
  },
);
