// Errors as RFC 9457 problem details. What is thrown and is no GantryError is a defect: its text goes to the log, never to the client.
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Answer } from './route.ts';

export interface ProblemError {
  readonly code: string;
  readonly message: string;
  /** file, or name of the parameter */
  readonly at: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** path of the request */
  readonly instance: string;
  readonly mend: string;
  readonly errors: readonly ProblemError[];
}

const RETRY_AFTER_DEFAULT_MS = 1_000;

/** Anything thrown, as the error that the client sees. */
export function toClientError(thrown: unknown): GantryError {
  if (thrown instanceof GantryError) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'TimeoutError') {
    return new GantryError('STORE_TIMEOUT', 'The answer could not be made in time.', { cause: thrown });
  }
  return new GantryError('DEFECT', 'Something went wrong inside; the log of the program says what.', { cause: thrown });
}

export function problemOf(error: GantryError, instance: string): ProblemDocument {
  const row = ERROR_TABLE[error.code];
  return {
    type: `urn:gantry:problem:${error.code}`,
    title: row.meaning,
    status: row.httpStatus,
    code: error.code,
    detail: error.message,
    instance,
    mend: row.mend,
    errors: error.problems.map(({ code, message, file, line, column }) => ({ code, message, at: file, line, column })),
  };
}

export function problemAnswer(error: GantryError, instance: string): Answer {
  const problem = problemOf(error, instance);
  return {
    status: problem.status,
    type: 'application/problem+json; charset=utf-8',
    headers: retryHeaders(error),
    body: `${JSON.stringify(problem)}\n`,
  };
}

/** `Retry-After` in whole seconds, for what a repeat can mend. */
export function retryHeaders(error: GantryError): Record<string, string> {
  if (!error.isRetryable || ERROR_TABLE[error.code].httpStatus < 429) return {};
  const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? RETRY_AFTER_DEFAULT_MS) / 1000));
  return { 'Retry-After': String(seconds) };
}

/** One bad value of a request, named. */
export function badRequest(
  code: 'QUERY_INVALID' | 'ID_INVALID' | 'JSON_INVALID' | 'INPUT_INVALID',
  at: string,
  message: string,
): GantryError {
  return new GantryError(code, `${at}: ${message}`, {
    problems: [{ code, message, file: at, line: null, column: null }],
  });
}
