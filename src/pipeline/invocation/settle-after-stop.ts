// The backstop under the invoker's promise to settle: once an invocation was told to stop, it is waited for only so long. Without this,
// one sandbox that never answers would keep its run `running` for ever.
import type { Clock } from '../../core/ports/clock.ts';
import type { InvocationEnd } from '../../core/ports/invoker.ts';
import { notRun } from '../../sandbox/session/describe-end.ts';

/** More than the sandbox needs to kill and to remove a container on a slow engine. */
export const STOP_WAIT_MS = 20_000;

const LOST = notRun(
  { code: 'lost', message: 'the sandbox did not end after it was told to stop; its fate is unknown' },
  null,
);

/** @param graceMs what a cancelled plugin has before it is killed */
export function settleAfterStop(
  clock: Clock,
  stop: AbortSignal,
  work: Promise<InvocationEnd>,
  graceMs = 0,
): Promise<InvocationEnd> {
  const settled = Promise.withResolvers<InvocationEnd>();
  let waiting: AbortController | null = null;
  const onStop = (): void => {
    waiting = new AbortController();
    clock.sleep(graceMs + STOP_WAIT_MS, waiting.signal).then(
      () => {
        settled.resolve(LOST);
      },
      () => undefined,
    );
  };
  const rest = (): void => {
    stop.removeEventListener('abort', onStop);
    waiting?.abort();
  };
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  work.then(
    (end) => {
      rest();
      settled.resolve(end);
    },
    (error: unknown) => {
      rest();
      settled.reject(error);
    },
  );
  return settled.promise;
}
