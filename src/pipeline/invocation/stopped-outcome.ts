// How an invocation ends that was told to stop before its plugin was called.
import type { Outcome } from '../../core/outcome.ts';
import type { StopReason } from '../../core/ports/invoker.ts';

export function stoppedOutcome(
  { hookTimeoutMs }: { readonly hookTimeoutMs: number | null },
  reason: StopReason,
): Outcome {
  switch (reason) {
    case 'hook_timeout':
    case 'pipeline_timeout': {
      const whose = reason === 'hook_timeout' ? 'hook' : 'pipeline';
      const breach = { limit: 'timeoutMs', value: hookTimeoutMs ?? 0, used: null } as const;
      return { code: 'timeout', message: `the time of the ${whose} was up before the plugin was called`, breach };
    }
    case 'cancelled':
      return { code: 'cancelled', message: 'the run was cancelled before the plugin was called' };
    case 'draining':
    case 'lease_lost':
      return { code: 'cancelled', message: 'the program was stopped before the plugin was called' };
  }
}
