// How much the fault suites do: what CI has time for, or what a night has.

/** kills of one program; kills of several on one database; kills of an engine; cuts of a database */
const SIZES = {
  ci: { kills: 40, sharedKills: 6, engineKills: 5, cuts: 10 },
  nightly: { kills: 500, sharedKills: 100, engineKills: 100, cuts: 100 },
} as const;

export const SUITE_SIZE = SIZES[process.env['GANTRY_TEST_TIER'] === 'nightly' ? 'nightly' : 'ci'];
