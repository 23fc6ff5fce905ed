// The faults that a test asks for: GANTRY_TEST_FAILPOINT=<place>:<kill|freeze|throw>[:<n>],… – each once, the n-th time that its place is passed.
import { GantryError } from '../core/errors/gantry-error.ts';
import { FAILPOINTS, type Failpoint } from '../core/failpoints.ts';
import type { Environment } from './read-environment.ts';

const FAULTS = ['kill', 'freeze', 'throw'] as const;

export interface PlannedFault {
  readonly at: Failpoint;
  readonly fault: (typeof FAULTS)[number];
  /** 1: the first time */
  readonly nth: number;
}

/** @throws GantryError CONFIG_INVALID */
export function readFailpoints(environment: Environment): readonly PlannedFault[] {
  const text = environment['GANTRY_TEST_FAILPOINT'] ?? '';
  return text === '' ? [] : text.split(',').map(readFault);
}

function readFault(text: string): PlannedFault {
  const [name, how, count = '1', ...rest] = text.split(':');
  const at = Object.keys(FAILPOINTS).find((known): known is Failpoint => known === name);
  const fault = FAULTS.find((known) => known === how);
  if (at === undefined || fault === undefined || !/^[1-9]\d{0,5}$/.test(count) || rest.length > 0)
    throw new GantryError('CONFIG_INVALID', `GANTRY_TEST_FAILPOINT: ${JSON.stringify(text)} names no fault`);
  return { at, fault, nth: Number(count) };
}
