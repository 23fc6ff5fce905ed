// How much the fault suites do: what CI has time for, or what a night has.

/**
 * kills of one program; kills of several on one database; kills of an engine, played and of a real daemon; cuts of a database; rounds of what
 * is measured
 */
const SIZES = {
  ci: { kills: 40, sharedKills: 6, engineKills: 4, daemonKills: 2, cuts: 10, rounds: 1 },
  nightly: { kills: 500, sharedKills: 100, engineKills: 80, daemonKills: 20, cuts: 100, rounds: 4 },
} as const;

export const isNightly = process.env['GANTRY_TEST_TIER'] === 'nightly';
export const SUITE_SIZE = SIZES[isNightly ? 'nightly' : 'ci'];
