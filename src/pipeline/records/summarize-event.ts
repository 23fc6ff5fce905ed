// What the store keeps of an event: ids, states and codes. The documents themselves (params, payloads) are stored once, elsewhere.
import type { RunEvent } from '../../core/events.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Run } from '../../core/run.ts';

export function summarizeEvent(event: RunEvent): JsonObject {
  switch (event.kind) {
    case 'runQueued':
    case 'runClaimed':
    case 'runSuspended':
    case 'runFinished':
      return summarizeRun(event.run);
    case 'approvalDecided': {
      const { runId, pipeline, hook, decided } = event;
      return { runId, pipeline, hook, ...decided };
    }
    case 'hookStarted':
      return { runId: event.runId, pipeline: event.pipeline, hook: event.hook };
    case 'hookFinished': {
      const { runId, pipeline, hook, state, durationMs } = event;
      return { runId, pipeline, hook, state, durationMs };
    }
    case 'invocationStarted':
    case 'invocationFinished':
      return summarizeInvocation(event.invocation);
  }
}

function summarizeRun(run: Run): JsonObject {
  const { id, pipeline, trigger, state, epoch, failure, warnings } = run;
  return {
    runId: id,
    pipeline,
    trigger,
    state,
    epoch,
    failure: failure === null ? null : { ...failure },
    warningCount: warnings.length,
  };
}

function summarizeInvocation(invocation: Invocation): JsonObject {
  const { id, runId, pipeline, hook, plugin, pluginVersion, attempt, state, outcome, sandboxId } = invocation;
  return {
    invocationId: id,
    runId,
    pipeline,
    hook,
    plugin,
    pluginVersion,
    attempt,
    state,
    outcome: outcome === null ? null : { code: outcome.code, message: outcome.message },
    sandboxId,
  };
}
