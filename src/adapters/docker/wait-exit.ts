// Waits for a container's exit in two steps: the engine answers its headers when it has registered the wait, and the body at the exit.
// dockerode's own wait() hides the first step and never settles when the daemon dies after it, so the answer is read here.
import type { IncomingMessage } from 'node:http';
import type Docker from 'dockerode';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { ContainerExit } from '../../core/ports/container-engine.ts';
import type { EngineCalls } from './engine-calls.ts';
import { abortError, unavailable } from './engine-errors.ts';
import { readExit } from './read-answers.ts';

const BODY_BYTES_MAX = 64 * 1024;

type WaitCondition = 'next-exit' | 'removed';

interface Modem {
  dial(request: object, callback: (error: Error | null, answer: IncomingMessage) => void): void;
}

interface PendingExit extends Disposable {
  readonly exit: Promise<ContainerExit>;
}

/**
 * Resolves as soon as the engine registered the wait.
 * @throws GantryError DOCKER_UNAVAILABLE, ENGINE_FAILED; `exit` rejects with the same, or with the reason of the signal
 */
export async function waitExit(
  docker: Docker,
  calls: EngineCalls,
  id: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<{ readonly exit: Promise<ContainerExit> }> {
  const { exit } = await calls.run(
    'wait',
    signal,
    async (inner) => pendingExit(await dialWait(docker, id, condition, inner), calls, signal),
    (late) => {
      late[Symbol.dispose]();
    },
  );
  return { exit };
}

function dialWait(
  docker: Docker,
  id: string,
  condition: WaitCondition,
  abortSignal: AbortSignal,
): Promise<IncomingMessage> {
  const dialled = Promise.withResolvers<IncomingMessage>();
  const request = {
    path: `/containers/${id}/wait?`,
    method: 'POST',
    options: { condition },
    abortSignal,
    isStream: true,
    statusCodes: { 200: true, 400: 'bad parameter', 404: 'no such container', 500: 'server error' },
  };
  (docker.modem as Modem).dial(request, (error, answer) => {
    if (error === null) dialled.resolve(answer);
    else dialled.reject(error);
  });
  return dialled.promise;
}

function pendingExit(answer: IncomingMessage, calls: EngineCalls, signal: AbortSignal): PendingExit {
  const exit = readBody(answer, calls, signal);
  // Whoever waits sees the rejection; when nobody waits (any more) it must not end the process.
  exit.catch(() => undefined);
  return { exit, [Symbol.dispose]: () => void answer.destroy() };
}

async function readBody(answer: IncomingMessage, calls: EngineCalls, signal: AbortSignal): Promise<ContainerExit> {
  const lost: { reason?: GantryError } = {};
  using _open = calls.whileOpen((reason) => {
    lost.reason = reason;
    answer.destroy(reason);
  });
  const onAbort = (): void => void answer.destroy(new Error('the wait was given up'));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return readExit(await jsonBody(answer));
  } catch (thrown) {
    if (signal.aborted) throw abortError(signal.reason, 'wait');
    throw lost.reason ?? unavailable(thrown, calls.address);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function jsonBody(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    heldBytes += (chunk as Buffer).length;
    if (heldBytes > BODY_BYTES_MAX) throw new GantryError('ENGINE_FAILED', 'the answer to "wait" is too long');
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}
