// An invocation request that says nothing of its own, for tests that call the invoker without a run around it.
import type { IdSource } from '../../../src/core/ports/id-source.ts';
import type { InvocationRequest } from '../../../src/core/ports/invoker.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import { NO_SECRETS } from '../../../src/core/redact.ts';

/** Of a run and an invocation of their own, not stopped, without secrets, given a minute or more for a sandbox. */
export function plainRequest(
  ids: IdSource,
  version: PluginVersion,
  own: Pick<InvocationRequest, 'input' | 'waitMs' | 'onLog'>,
): InvocationRequest {
  return {
    runId: ids.newId('run'),
    invocationId: ids.newId('inv'),
    epoch: 1,
    attempt: 1,
    pipeline: 'test',
    version,
    nonce: ids.randomHex(16),
    timeoutMs: version.plugin.limits.timeoutMs,
    redactor: NO_SECRETS,
    onStarted: () => Promise.resolve(),
    stop: new AbortController().signal,
    ...own,
  };
}
