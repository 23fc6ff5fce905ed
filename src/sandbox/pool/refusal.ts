// The outcome of an invocation that never got to a plugin: no sandbox in time, none to be started, or stopped while it waited.
import type { ErrorCode } from '../../core/errors/error-table.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { InvocationRequest, StopReason } from '../../core/ports/invoker.ts';
import { oneLine } from '../../protocol/reply.ts';
import { LeftAloneError } from './left-alone.ts';
import { NotReadyError } from '../session/not-ready.ts';

export function busy(message: string, retryAfterMs: number): Outcome {
  return { code: 'busy', message, retryAfterMs };
}

/**
 * @param waitedMs how long it waited for a sandbox
 * @param away what kept the engine from giving one; null: it stood
 */
export function stoppedWhileWaiting(
  reason: StopReason,
  request: InvocationRequest,
  waitedMs: number,
  away: string | null = null,
): Outcome {
  const breach = { limit: 'timeoutMs', value: request.timeoutMs, used: null } as const;
  const why = away === null ? '' : `: the engine was away: ${away}`;
  switch (reason) {
    case 'cancelled':
      return { code: 'cancelled', message: 'the run was cancelled before the plugin got its input' };
    case 'hook_timeout':
    case 'pipeline_timeout':
      return { code: 'timeout', message: `no sandbox came in time (waited ${Math.round(waitedMs)} ms)${why}`, breach };
    case 'draining':
      return { code: 'cancelled', message: 'the worker was shut down before the plugin got its input' };
    case 'lease_lost':
      return { code: 'cancelled', message: 'another worker took the run over before the plugin got its input' };
  }
}

/** Codes of the error table that end an invocation, as outcome codes. */
const START_FAILURES: Partial<Record<ErrorCode, 'image' | 'start_failed' | 'engine' | 'busy'>> = {
  IMAGE_MISSING: 'image',
  IMAGE_UNSAFE: 'image',
  START_FAILED: 'start_failed',
  SPEC_MISMATCH: 'start_failed',
  DOCKER_UNAVAILABLE: 'engine',
  ENGINE_TIMEOUT: 'engine',
  ENGINE_FAILED: 'engine',
  BUSY: 'busy',
  DRAINING: 'busy',
};

/** What a failed start means; null for what is no failure of a start (the store, a defect of ours). */
export function startFailure(error: unknown): Outcome | null {
  if (error instanceof NotReadyError || error instanceof LeftAloneError) return error.outcome;
  if (!(error instanceof GantryError)) return null;
  const code = START_FAILURES[error.code];
  const message = oneLine(error.message);
  if (code === undefined) return null;
  return code === 'busy' ? busy(message, error.retryAfterMs ?? 1_000) : { code, message };
}

/** True when the next start will most likely fail the same way: it is not tried again for a while. */
export function isLastingFailure(error: unknown): error is GantryError {
  if (!(error instanceof GantryError)) return false;
  const outcome = START_FAILURES[error.code];
  return outcome === 'image' || outcome === 'start_failed' || error.code === 'ENGINE_FAILED';
}
