// What `npm run verify` checks without Docker. Two lanes side by side, as two cores are the least there is.
import { addCounts, failures, NO_TESTS, vitestStep, type Counts } from './vitest-step.ts';
import { runStep, type Step } from './run-step.ts';

const LANES: readonly (readonly Step[])[] = [
  [{ name: 'lint', command: ['eslint', '--cache', '--cache-location', '.cache/eslint/', '--max-warnings', '0', '.'] }],
  [
    { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
    { name: 'types', command: ['tsc', '-p', '.'] },
    { name: 'layers', command: ['depcruise', 'src', '--config', '.dependency-cruiser.cjs'] },
    { name: 'dead code', command: ['knip'] },
  ],
];

/** Static checks count as one test each. */
export async function verify(): Promise<Counts> {
  const lanes = await Promise.all(
    LANES.map(async (lane) => {
      let counts = NO_TESTS;
      for (const step of lane) {
        const end = await runStep(step, true);
        const isGood = end.exitCode === 0;
        process.stdout.write(
          `${isGood ? '✓' : '✗'} ${end.name} (${end.seconds.toFixed(1)} s)\n${isGood ? '' : end.output}`,
        );
        if (!isGood) failures.push(`✗ ${end.name}: told above`);
        counts = addCounts(counts, isGood ? { ...NO_TESTS, passed: 1 } : { ...NO_TESTS, failed: 1 });
      }
      return counts;
    }),
  );
  let counts = lanes.reduce(addCounts, NO_TESTS);
  for (const project of ['unit', 'protocol', 'rules']) counts = addCounts(counts, await vitestStep(project, []));
  return counts;
}
