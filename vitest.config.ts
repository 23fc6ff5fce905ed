// One project per kind of test. Unit and protocol tests share one thread without isolation (they do no IO); the others get a process
// each. The SDKs' tests lie in test/protocol/sdk and are a project of their own: they compile, which verify has no time for.
import { appendFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const SLOW = ['contract', 'integration', 'scenarios', 'hostile', 'faults', 'docs'] as const;
const SDK = 'test/protocol/sdk/**/*.test.ts';

/** For the runner of all kinds, which tells them once more at its end: no report of vitest has them. Each ends with a NUL. */
function noteUnhandled(error: { readonly message: string; readonly stack?: string | undefined }): void {
  const file = process.env['TESTS_UNHANDLED_FILE'];
  if (file !== undefined) appendFileSync(file, `${error.stack ?? error.message}\0`);
}

export default defineConfig({
  test: {
    onUnhandledError: noteUnhandled,
    projects: [
      ...(['unit', 'protocol', 'rules'] as const).map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          exclude: [SDK],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          isolate: name !== 'unit',
        },
      })),
      ...[...SLOW, 'sdk' as const].map((name) => ({
        test: {
          name,
          include: [name === 'sdk' ? SDK : `test/${name}/**/*.test.ts`],
          pool: 'forks' as const,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      })),
    ],
  },
});
