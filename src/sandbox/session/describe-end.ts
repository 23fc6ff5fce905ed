// The facts of an invocation's end beside its outcome: warnings, where the time went, what was used.
import type { InvocationPhases, InvocationUsage } from '../../core/invocation.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { InvocationEnd } from '../../core/ports/invoker.ts';
import type { Trace } from './exchange.ts';
import type { MemoryVerdict } from './out-of-memory.ts';

/** Where an exchange's time went and what it used, of either protocol. */
export interface EndFacts extends Pick<
  Trace,
  'logs' | 'usage' | 'startedAtMs' | 'sentAtMs' | 'firstByteAtMs' | 'endedAtMs'
> {
  readonly output: { readonly seenBytes: number };
}

/** The end of an invocation that never got to a plugin, or of which nothing but the outcome is known. */
export function notRun(outcome: Outcome, waitedMs: number | null): InvocationEnd {
  return {
    outcome,
    result: null,
    warnings: [],
    sandboxId: null,
    sandboxKind: null,
    cleanliness: null,
    transport: null,
    phases: { sandboxWaitMs: waitedMs, sendMs: null, runMs: null, receiveMs: null },
    usage: { memoryPeakBytes: null, cpuTimeMs: null, outputBytes: 0, logsBytes: 0 },
    reported: null,
  };
}

export function warningsOf(trace: EndFacts, memory: MemoryVerdict): InvocationEnd['warnings'] {
  const warnings = [];
  if (trace.logs.isTruncated)
    warnings.push({
      code: 'LOGS_TRUNCATED',
      message: `the plugin logged ${trace.logs.seenBytes} bytes; what is over limits.logs is not kept`,
    });
  if (memory === 'child')
    warnings.push({ code: 'OOM_CHILD', message: 'the kernel killed a child process for memory; the plugin went on' });
  return warnings;
}

export function phasesOf(trace: EndFacts, waitedMs: number): InvocationPhases {
  const { startedAtMs, sentAtMs, firstByteAtMs, endedAtMs } = trace;
  const sentMs = sentAtMs ?? firstByteAtMs;
  return {
    sandboxWaitMs: waitedMs,
    sendMs: sentAtMs === null ? null : sentAtMs - startedAtMs,
    runMs: firstByteAtMs === null || sentMs === null ? null : Math.max(0, firstByteAtMs - sentMs),
    receiveMs: firstByteAtMs === null ? null : endedAtMs - firstByteAtMs,
  };
}

export function usageOf(trace: EndFacts): InvocationUsage {
  return {
    memoryPeakBytes: trace.usage.memoryPeakBytes,
    cpuTimeMs: trace.usage.cpuTimeMs,
    outputBytes: trace.output.seenBytes,
    logsBytes: trace.logs.seenBytes,
  };
}
