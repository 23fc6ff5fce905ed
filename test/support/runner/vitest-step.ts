// A vitest project as a step, with its counts read from vitest's own JSON report.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readFailures, readUnhandled } from './failed-tests.ts';
import { runStep, type Step } from './run-step.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What failed so far, in the order of the steps, for the end of the run. */
export const failures: string[] = [];

export const NO_TESTS: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(left: Counts, right: Counts): Counts {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

/** Runs a project (or a part of it); a run that ends badly or runs nothing counts as one failure at least. */
export async function vitestStep(
  name: string,
  paths: readonly string[],
  environment: Record<string, string> = {},
): Promise<Counts> {
  const folder = join('.cache', 'test-reports');
  await mkdir(folder, { recursive: true });
  const report = join(folder, `${name.replace(/[^a-z0-9]+/gi, '-')}.json`);
  const unhandled = `${report}.unhandled`;
  for (const file of [report, unhandled]) await rm(file, { force: true });
  const [project = name] = name.split(' ');
  const step: Step = {
    name,
    command: [
      'vitest',
      'run',
      '--project',
      project,
      '--reporter',
      'default',
      '--reporter',
      'json',
      '--outputFile.json',
      report,
      ...paths,
    ],
    environment: { ...environment, TESTS_UNHANDLED_FILE: unhandled },
  };
  const { exitCode } = await runStep(step);
  const counts = await readCounts(report);
  const isGood = exitCode === 0 && counts.passed > 0;
  const failed = [...(await readFailures(name, report)), ...(await readUnhandled(name, unhandled))];
  failures.push(
    ...(isGood || failed.length > 0 ? failed : [`✗ ${name}: ended with ${String(exitCode)}, no test failed`]),
  );
  return isGood || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

async function readCounts(report: string): Promise<Counts> {
  try {
    const read = JSON.parse(await readFile(report, 'utf8')) as Record<string, number>;
    return {
      passed: read['numPassedTests'] ?? 0,
      failed: read['numFailedTests'] ?? 0,
      skipped: (read['numPendingTests'] ?? 0) + (read['numTodoTests'] ?? 0),
    };
  } catch {
    return NO_TESTS;
  }
}
