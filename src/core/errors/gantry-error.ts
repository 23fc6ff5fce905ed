// The one thing that is thrown. Plugin faults are values (`Outcome`) and never pass here.
import type { Fault } from './error-row.ts';
import { ERROR_TABLE, type ErrorCode } from './error-table.ts';
import type { Problem } from '../plugin.ts';

export interface ErrorDetail {
  readonly cause?: unknown;
  /** every single thing that is wrong, each with its place */
  readonly problems?: readonly Problem[];
  /** when a repeat makes sense, in milliseconds */
  readonly retryAfterMs?: number;
}

export class GantryError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'GantryError';
    this.code = code;
    this.problems = detail.problems ?? [];
    this.retryAfterMs = detail.retryAfterMs ?? null;
  }

  get fault(): Fault {
    return ERROR_TABLE[this.code].fault;
  }

  get isRetryable(): boolean {
    return ERROR_TABLE[this.code].isRetryable;
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Passes a GantryError through; anything else becomes the given code with the original as its cause. */
export function asGantryError(thrown: unknown, code: ErrorCode, prefix = ''): GantryError {
  if (thrown instanceof GantryError) return thrown;
  return new GantryError(code, `${prefix}${messageOf(thrown)}`, { cause: thrown });
}
