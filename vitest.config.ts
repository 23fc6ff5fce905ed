// One project per kind of test. Unit and protocol tests share one thread without isolation (they do no IO); the others get a process each.
import { defineConfig } from 'vitest/config';

const SLOW = ['contract', 'integration', 'scenarios', 'hostile', 'faults', 'docs'] as const;

export default defineConfig({
  test: {
    projects: [
      ...(['unit', 'protocol', 'rules'] as const).map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          isolate: name !== 'unit',
        },
      })),
      ...SLOW.map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          pool: 'forks' as const,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      })),
    ],
  },
});
