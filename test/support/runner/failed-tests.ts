// The failed tests of a whole run, told once more at its end: of a long log, often only the end is kept.
import { readFile } from 'node:fs/promises';

/** So many lines of a failure's message are told; the log above has it whole. */
const MAX_LINES = 12;

/** What is read of vitest's JSON report. */
interface Report {
  readonly testResults?: readonly {
    readonly name: string;
    readonly status?: string;
    /** why the file failed as a whole, as when it could not be loaded */
    readonly message?: string;
    readonly assertionResults?: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** One text per failed test or file of a report: which, and why. Empty for a report that is not there. */
export async function readFailures(step: string, path: string): Promise<readonly string[]> {
  let report: Report;
  try {
    report = JSON.parse(await readFile(path, 'utf8')) as Report;
  } catch {
    return [];
  }
  return (report.testResults ?? []).flatMap((file) => {
    const failed = (file.assertionResults ?? []).filter(({ status }) => status === 'failed');
    const texts = failed.map((test) => tell(step, file.name, test.fullName, test.failureMessages?.join('\n') ?? ''));
    const { message = '', status } = file;
    if (texts.length > 0 || (message === '' && status !== 'failed')) return texts;
    return [tell(step, file.name, '', message === '' ? 'none of its tests, but a hook of them: told above' : message)];
  });
}

/** One text per error that came of no test, as the rejection of a promise that nobody awaits: vitest.config.ts writes them down. */
export async function readUnhandled(step: string, path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\0')
    .filter((error) => error !== '')
    .map((error) => tell(step, 'an error outside of the tests', '', error));
}

function tell(step: string, file: string, title: string, message: string): string {
  const lines = message.split('\n');
  const kept = lines.slice(0, MAX_LINES).map((line) => `    ${line}`);
  const more = lines.length > MAX_LINES ? [`    … ${String(lines.length - MAX_LINES)} more lines`] : [];
  return [`✗ ${step}: ${file.replace(`${process.cwd()}/`, '')} ${title}`.trimEnd(), ...kept, ...more].join('\n');
}
