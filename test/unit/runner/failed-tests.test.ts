// What of a run is told once more at its end: each failed test with its file and its message.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFailures, readUnhandled } from '../../support/runner/failed-tests.ts';

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

test('a file of which no test failed, but a hook, is told', async () => {
  const passed = { fullName: 'holds', status: 'passed', failureMessages: [] };
  const report = { testResults: [{ name: FILE, status: 'failed', message: '', assertionResults: [passed] }] };
  expect(await failuresOf(report)).toEqual([expect.stringMatching(/^✗ faults: test\/a\.test\.ts\n.* a hook /)]);
  expect(await failuresOf({ testResults: [{ ...report.testResults[0], status: 'passed' }] })).toEqual([]);
});

test('errors outside of the tests are told, each by itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-unhandled-'));
  try {
    const path = join(folder, 'unhandled');
    expect(await readUnhandled('faults', path)).toEqual([]);
    await writeFile(path, 'Error: one\n    at a\0Error: two\0');
    expect(await readUnhandled('faults', path)).toEqual([
      '✗ faults: an error outside of the tests\n    Error: one\n        at a',
      '✗ faults: an error outside of the tests\n    Error: two',
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a report that is broken or not there tells no failure', async () => {
  expect(await failuresOf('{')).toEqual([]);
  expect(await readFailures('faults', join(tmpdir(), 'gantry-no-such-report.json'))).toEqual([]);
});
