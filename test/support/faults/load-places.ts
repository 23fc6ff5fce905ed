// The places at which a program under the suites' load is broken: all that it passes. Those of runs within runs have a test of their own.
import { FAILPOINTS, type Failpoint } from '../../../src/core/failpoints.ts';

export const LOAD_PLACES = (Object.keys(FAILPOINTS) as Failpoint[]).filter((at) => at !== 'children-due');
