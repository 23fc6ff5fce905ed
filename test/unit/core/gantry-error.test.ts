// What is thrown says who is at fault, whether a retry can help, and keeps its cause.
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, isErrorCode, type ErrorCode } from '../../../src/core/errors/error-table.ts';
import { asGantryError, GantryError, messageOf } from '../../../src/core/errors/gantry-error.ts';

const CODES = Object.keys(ERROR_TABLE) as ErrorCode[];
/** conventions: the exit codes of the CLI. */
const EXIT_CODES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 70];

describe('GantryError', () => {
  it.each(CODES)('%s carries fault and retryability of its row', (code) => {
    const error = new GantryError(code, 'text');
    expect(error.fault).toBe(ERROR_TABLE[code].fault);
    expect(error.isRetryable).toBe(ERROR_TABLE[code].isRetryable);
    expect(error).toMatchObject({ name: 'GantryError', message: 'text', problems: [], retryAfterMs: null });
  });

  it('passes a GantryError through, and makes anything else one with its cause', () => {
    const ours = new GantryError('BUSY', 'later', { retryAfterMs: 5 });
    expect(asGantryError(ours, 'DEFECT')).toBe(ours);
    const foreign = new TypeError('x is no function');
    expect(asGantryError(foreign, 'STORE_FAILED', 'find: ')).toMatchObject({
      code: 'STORE_FAILED',
      message: 'find: x is no function',
      cause: foreign,
    });
  });

  it('has a message for anything that can be thrown', () => {
    expect([new Error('a'), 'b', null, undefined, 3].map(messageOf)).toEqual(['a', 'b', 'null', 'undefined', '3']);
  });
});

describe('the error table', () => {
  it.each(CODES)('%s has a status, an exit code, a meaning and a way to mend it', (code) => {
    const row = ERROR_TABLE[code];
    expect(code).toMatch(/^[A-Z][A-Z_]+$/);
    expect(row.httpStatus).toBeGreaterThanOrEqual(400);
    expect(row.httpStatus).toBeLessThan(600);
    expect(EXIT_CODES).toContain(row.exitCode);
    expect(row.meaning).toMatch(/^[A-Z].*\.$|^plugin\.yaml .*\.$/);
    expect(row.mend).toMatch(/^[A-Z].*\.$/);
  });

  it('blames the caller with 4xx only, and nobody else for our own defects', () => {
    for (const code of CODES) {
      const { fault, httpStatus, exitCode } = ERROR_TABLE[code];
      if (fault === 'caller' && code !== 'TIMED_OUT') expect(httpStatus, code).toBeLessThan(500);
      if (fault === 'load') expect(ERROR_TABLE[code].isRetryable, code).toBe(true);
      expect(fault === 'defect', code).toBe(exitCode === 70);
    }
  });

  it('knows its codes and no property of Object', () => {
    expect(CODES.every(isErrorCode)).toBe(true);
    expect(['toString', '__proto__', 'constructor', '', 'defect'].some(isErrorCode)).toBe(false);
  });
});
