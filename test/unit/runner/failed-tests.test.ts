// What of a run is told once more at its end: each failed test with its file and its message.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFailures } from '../../support/runner/failed-tests.ts';

async function failuresOf(report: unknown): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-failed-tests-'));
  try {
    const path = join(folder, 'report.json');
    await writeFile(path, typeof report === 'string' ? report : JSON.stringify(report));
    return await readFailures('faults', path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const FILE = join(process.cwd(), 'test', 'a.test.ts');

test('a failed test is told with its step, its file, its title and the beginning of its message', async () => {
  const lines = Array.from({ length: 14 }, (_, index) => `line ${String(index)}`);
  const [text, ...others] = await failuresOf({
    testResults: [
      {
        name: FILE,
        assertionResults: [
          { fullName: 'holds', status: 'passed', failureMessages: [] },
          { fullName: 'breaks', status: 'failed', failureMessages: [lines.join('\n')] },
        ],
      },
    ],
  });
  expect(others).toEqual([]);
  expect(text?.split('\n').slice(0, 2)).toEqual(['✗ faults: test/a.test.ts breaks', '    line 0']);
  expect(text?.split('\n').at(-1)).toBe('    … 2 more lines');
});

test('a file that could not be loaded is told with its message', async () => {
  const report = { testResults: [{ name: FILE, message: 'no such module', assertionResults: [] }] };
  expect(await failuresOf(report)).toEqual(['✗ faults: test/a.test.ts\n    no such module']);
});

test('a report that is broken or not there tells no failure', async () => {
  expect(await failuresOf('{')).toEqual([]);
  expect(await readFailures('faults', join(tmpdir(), 'gantry-no-such-report.json'))).toEqual([]);
});
