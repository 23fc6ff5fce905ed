// Starts the container of one sandbox: make its pipes if it is to have some, create, read back and compare, attach, register for the exit, start. In this order: attaching after
// the start loses output, and asking for the exit after the start can miss it.
import { within } from '../../core/deadline.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import { failpoint } from '../../core/failpoints.ts';
import type { CallOptions } from '../../core/ports/container-engine.ts';
import type { NamedPipes, PipePair } from '../../core/ports/named-pipes.ts';
import { compareSpec } from './compare-spec.ts';
import { containerSpec, userOf } from './container-spec.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Sandbox } from './sandbox.ts';

/** Name of a sandbox's container; the engine refuses a second one of the same name, which fences racing creates. */
export function containerName(sandbox: Sandbox): string {
  return `gantry-${sandbox.id}`;
}

/**
 * Brings the sandbox from `creating` to `starting`, its program running. On failure the caller dismisses it.
 * @param by makes its named pipes; null: stdin and stdout go by the engine's stream
 * @throws GantryError START_FAILED, IMAGE_MISSING, SPEC_MISMATCH, ENGINE_TIMEOUT, ENGINE_FAILED, DOCKER_UNAVAILABLE
 */
export async function makeSandbox(
  context: SandboxContext,
  sandbox: Sandbox,
  by: NamedPipes | null,
  signal: AbortSignal,
): Promise<void> {
  const { engine, settings } = context;
  const { instanceId, workerId } = settings;
  sandbox.pipes = by === null ? null : await makePipes(context, sandbox, by, signal);
  const spec = containerSpec(
    sandbox.version,
    { instanceId, workerId, hasAppArmor: context.hasAppArmor },
    sandbox.slot,
    sandbox.id,
    sandbox.pipes?.folder ?? null,
  );
  const call = async <T>(
    work: (options: CallOptions) => Promise<T>,
    timeoutMs = settings.engineTimeoutMs,
  ): Promise<T> => await bounded(context, timeoutMs, signal, work);

  // Not tied to the outer signal: the engine goes on with a create that nobody listens to, and nobody would know its container.
  const id = await bounded(context, settings.engineTimeoutMs, null, (options) =>
    engine.createContainer(containerName(sandbox), spec, options),
  );
  sandbox.containerId = id;
  failpoint('container-created');
  signal.throwIfAborted();
  const facts = await call((options) => engine.inspectContainer(id, options));
  if (facts === null) throw new GantryError('ENGINE_FAILED', 'the container vanished before it was started');
  const differences = compareSpec(spec, facts);
  if (differences.length > 0)
    throw new GantryError('SPEC_MISMATCH', `the engine made another container: ${differences.join('; ')}`);
  const attachment = await call((options) => engine.attach(id, options));
  sandbox.attachment = sandbox.pipes?.join(attachment) ?? attachment;
  // Not tied to the outer signal: the wait must outlive the start.
  const { exit } = await bounded(context, settings.engineTimeoutMs, null, (options) => engine.waitExit(id, options));
  sandbox.follow(exit);
  sandbox.move('starting', 'created');
  await call((options) => engine.startContainer(id, options), settings.startTimeoutMs);
  sandbox.startedAtMs = context.clock.monotonicMs();
  failpoint('container-started');
}

async function makePipes(
  context: SandboxContext,
  { id, slot }: Sandbox,
  by: NamedPipes,
  signal: AbortSignal,
): Promise<PipePair> {
  return await bounded(context, context.settings.engineTimeoutMs, signal, (options) =>
    by.make(id, userOf(slot), options),
  );
}

/** One engine call with its deadline; the deadline's abort becomes ENGINE_TIMEOUT. */
async function bounded<T>(
  context: SandboxContext,
  timeoutMs: number,
  signal: AbortSignal | null,
  work: (options: CallOptions) => Promise<T>,
): Promise<T> {
  try {
    return await within(context.clock, timeoutMs, signal, (inner) => work({ signal: inner }));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError')
      throw new GantryError('ENGINE_TIMEOUT', `the engine did not answer within ${timeoutMs} ms`, { cause: error });
    throw error;
  }
}
