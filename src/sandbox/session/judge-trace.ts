// From everything seen in an exchange to its outcome. The cause decides; only an exchange that ended by itself is read as a result.
import type { LimitBreach, Outcome } from '../../core/outcome.ts';
import type { InvocationRequest } from '../../core/ports/invoker.ts';
import { formatDuration, formatSize } from '../../lib/format-units.ts';
import { readJsonResult } from '../../protocol/json-result.ts';
import { oneLine, type Reply, type Verdict } from '../../protocol/reply.ts';
import { readTextResult } from '../../protocol/text-result.ts';
import type { Trace } from './exchange.ts';

export function judgeTrace(trace: Trace, request: InvocationRequest, isOutOfMemory: boolean): Verdict {
  const outcome = outcomeOfCause(trace, request);
  if (outcome !== null) return { outcome, result: null };
  if (trace.ending?.kind !== 'exited') return { outcome: engineGone(trace), result: null };
  if (trace.isStreamBroken)
    return {
      outcome: { code: 'lost', message: 'the stream to the plugin broke before its output ended' },
      result: null,
    };
  return (
    notStarted(trace, trace.ending.exitCode, request) ?? readReply(trace, trace.ending.exitCode, request, isOutOfMemory)
  );
}

/** What the outcome of a cause needs to know. */
export interface CauseTrace extends Pick<Trace, 'cause' | 'isPolite' | 'usage' | 'startedAtMs' | 'endedAtMs'> {
  readonly output: { readonly seenBytes: number };
}

/** Null when the exchange ended by itself. */
export function outcomeOfCause(trace: CauseTrace, request: InvocationRequest): Outcome | null {
  const { limits } = request.version.plugin;
  const elapsedMs = Math.round(trace.endedAtMs - trace.startedAtMs);
  switch (trace.cause) {
    case 'ended':
      return null;
    case 'timeout':
      return timedOut(request.timeoutMs, elapsedMs, 'the plugin');
    case 'hook_timeout':
      return timedOut(request.timeoutMs, elapsedMs, 'the hook');
    case 'pipeline_timeout':
      return timedOut(request.timeoutMs, elapsedMs, 'the pipeline');
    case 'output_limit':
      return {
        code: 'output_limit',
        message: `the plugin wrote more to stdout than its limit of ${formatSize(limits.outputBytes)}`,
        breach: { limit: 'outputBytes', value: limits.outputBytes, used: trace.output.seenBytes },
      };
    case 'cpu_time':
      return {
        code: 'cpu_time',
        message: `the plugin used more CPU time than its limit of ${formatDuration(limits.cpuTimeMs)}`,
        breach: { limit: 'cpuTimeMs', value: limits.cpuTimeMs, used: rounded(trace.usage.cpuTimeMs) },
      };
    case 'cancelled':
      return cancelled(trace.isPolite);
    case 'draining':
      return { code: 'lost', message: 'the worker shut down before the plugin ended' };
    case 'lease_lost':
      return { code: 'lost', message: 'another worker took the run over' };
  }
}

function cancelled(isPolite: boolean): Outcome {
  const how = isPolite ? 'came to an end within its grace' : 'was killed after its grace';
  return { code: 'cancelled', message: `the run was cancelled; the plugin ${how}` };
}

/** @param whose whose time was up; `value` is the smallest timeout that was in force for the plugin */
function timedOut(timeoutMs: number, elapsedMs: number, whose: string): Outcome {
  const breach: LimitBreach = { limit: 'timeoutMs', value: timeoutMs, used: elapsedMs };
  const limit = whose === 'the plugin' ? formatDuration(timeoutMs) : whose;
  const message = `the timeout of ${limit} was up: the plugin was stopped after ${elapsedMs} ms`;
  return { code: 'timeout', message, breach };
}

function engineGone(trace: Trace): Outcome {
  const why = trace.ending?.kind === 'lost' ? trace.ending.message : 'the engine did not confirm the end';
  return trace.wasInputOffered
    ? { code: 'lost', message: `the engine was lost while the plugin ran: ${why}` }
    : { code: 'engine', message: `the engine was lost before the plugin got its input: ${why}` };
}

/** The engine's init could not execute the command: it says so on stderr, since the start itself succeeds with it. */
function notStarted(trace: Trace, exitCode: number, request: InvocationRequest): Verdict | null {
  if (exitCode !== 126 && exitCode !== 127) return null;
  const said = /^\[FATAL tini \(\d+\)\] exec .* failed: (.*)$/.exec(trace.logs.tail);
  if (said === null) return null;
  const message = oneLine(`the command ${request.version.command[0] ?? ''} cannot be started: ${said[1] ?? ''}`);
  return { outcome: { code: 'start_failed', message }, result: null };
}

function readReply(trace: Trace, exitCode: number, request: InvocationRequest, isOutOfMemory: boolean): Verdict {
  const { plugin } = request.version;
  const reply: Reply = {
    stdout: trace.output.bytes(),
    exitCode,
    isOutOfMemory,
    memoryLimitBytes: plugin.limits.memoryBytes,
    memoryPeakBytes: trace.usage.memoryPeakBytes,
    stderrTail: trace.logs.tail,
  };
  return plugin.protocol === 'text'
    ? readTextResult(reply, plugin.text?.output ?? null, request.redactor)
    : readJsonResult(reply, request.redactor);
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
