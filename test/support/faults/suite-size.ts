// How much the fault suites do: what CI has time for, or what a night has.

const SIZES = {
  ci: { kills: 40, engineKills: 5, cuts: 10 },
  nightly: { kills: 500, engineKills: 100, cuts: 100 },
} as const;

export const SUITE_SIZE = SIZES[process.env['GANTRY_TEST_TIER'] === 'nightly' ? 'nightly' : 'ci'];
