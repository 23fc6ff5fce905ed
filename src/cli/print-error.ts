// Errors as people read them: the message, each single problem with its place, and what mends it. With --json: one document.
import { ERROR_TABLE } from '../core/errors/error-table.ts';
import { asGantryError } from '../core/errors/gantry-error.ts';
import type { Problem } from '../core/plugin.ts';
import type { Output } from './output.ts';

/** Prints and gives the exit code. */
export function printError(thrown: unknown, output: Output): number {
  const error = asGantryError(thrown, 'DEFECT');
  const row = ERROR_TABLE[error.code];
  if (output.isJson)
    output.document({
      error: { code: error.code, fault: row.fault, message: error.message, mend: row.mend, problems: error.problems },
    });
  output.note(`gantry: ${error.message} (${error.code})`);
  for (const problem of error.problems) {
    const text = `${placeOf(problem)}${problem.message}`;
    if (text !== error.message) output.note(`  ${text} (${problem.code})`);
  }
  output.note(`  → ${row.mend}`);
  if (error.code === 'DEFECT' && thrown instanceof Error)
    for (const line of (thrown.stack ?? '').split('\n')) output.note(line);
  return row.exitCode;
}

function placeOf({ file, line, column }: Problem): string {
  if (file === '') return '';
  return `${file}${line === null ? '' : `:${String(line)}`}${column === null ? '' : `:${String(column)}`}: `;
}
