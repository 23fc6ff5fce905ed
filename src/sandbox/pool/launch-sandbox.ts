// Starts one sandbox of a version, up to where it waits for an invocation. Only the container's start takes a place at the gate: a plugin
// that takes its time to become ready keeps nobody else from starting. One that could not open its pipes is started once more without.
import { raced, within } from '../../core/deadline.ts';
import type { ErrorCode } from '../../core/errors/error-table.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { NamedPipes, PipePair } from '../../core/ports/named-pipes.ts';
import { dismissSandbox } from '../container/dismiss-sandbox.ts';
import { makeSandbox } from '../container/make-sandbox.ts';
import type { PoolParts } from './pool-parts.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import { SandboxSession } from '../session/sandbox-session.ts';
import { Sandbox } from '../container/sandbox.ts';
import type { Holding } from './tokens.ts';

export interface Launch {
  readonly version: PluginVersion;
  /** the memory it was promised; the sandbox has it from then on */
  readonly holding: Holding;
  readonly halt: AbortSignal;
  /** whether somebody waits for it, at any moment until it starts */
  readonly isUrgent: () => boolean;
  /** ends what came of a failed launch */
  readonly dismiss: (sandbox: Sandbox) => void;
}

/** A shell opens two files in a blink; on a machine that is out of breath this is still far too long. */
const OPENING_MS = 20_000;

/** What a start that failed for its pipes looks like: a folder that the engine does not find, a mount that is not as asked, a shell that gave up. */
const PERHAPS_BY_PIPES: ReadonlySet<ErrorCode> = new Set(['START_FAILED', 'SPEC_MISMATCH', 'ENGINE_FAILED']);

/** It failed before its pipes were open, and may do without them. The sandbox is gone, its holding is still ours. */
class PipesFailure extends Error {
  readonly sandboxId: string;

  constructor(sandboxId: string, cause: unknown) {
    super(messageOf(cause), { cause });
    this.sandboxId = sandboxId;
  }
}

/** @throws GantryError as makeSandbox, NotReadyError, or the halt's reason; the sandbox is dismissed then */
export async function launchSandbox(parts: PoolParts, launch: Launch): Promise<Sandbox> {
  const { transports } = parts.context;
  const pipes = transports.pipesFor(launch.version.plugin);
  try {
    return await attempt(parts, launch, pipes);
  } catch (failure) {
    if (!(failure instanceof PipesFailure)) throw failure;
    const sandbox = await attempt(parts, launch, null);
    transports.blame(failure.sandboxId, failure.message);
    return sandbox;
  }
}

async function attempt(parts: PoolParts, launch: Launch, by: NamedPipes | null): Promise<Sandbox> {
  const { context, gate } = parts;
  const { sandbox, startedAtMs } = await gate.run(launch.isUrgent, () => startContainer(parts, launch, by));
  try {
    if (sandbox.version.plugin.protocol === 'stream') sandbox.session = await openSession(context, sandbox);
  } catch (error) {
    if (!isPerhapsByPipes(launch, sandbox, by, error)) launch.dismiss(sandbox);
    else throw await discard(parts, sandbox, error);
    throw error;
  }
  sandbox.move('idle', 'started');
  const durationMs = context.clock.monotonicMs() - startedAtMs;
  const { version, transport } = sandbox;
  context.events.emit({ kind: 'sandboxStarted', plugin: version.plugin.name, transport, durationMs });
  return sandbox;
}

async function startContainer(
  parts: PoolParts,
  launch: Launch,
  by: NamedPipes | null,
): Promise<{ readonly sandbox: Sandbox; readonly startedAtMs: number }> {
  const { context, slots, all } = parts;
  const { version, holding, halt } = launch;
  const startedAtMs = context.clock.monotonicMs();
  const sandbox = new Sandbox(context.ids.newId('sbx'), version, slots.take(), context.events);
  all.add(sandbox);
  sandbox.holding = holding;
  try {
    halt.throwIfAborted();
    await makeSandbox(context, sandbox, by, halt);
    return { sandbox, startedAtMs };
  } catch (error) {
    if (!isPerhapsByPipes(launch, sandbox, by, error)) launch.dismiss(sandbox);
    else throw await discard(parts, sandbox, error);
    throw error;
  }
}

async function openSession(context: SandboxContext, sandbox: Sandbox): Promise<SandboxSession> {
  const opening = SandboxSession.open(context, sandbox);
  if (sandbox.pipes !== null) await Promise.race([opening, pipesOpened(context, sandbox.pipes)]);
  return await opening;
}

async function pipesOpened({ clock, transports }: SandboxContext, { opened }: PipePair): Promise<void> {
  try {
    await within(clock, OPENING_MS, null, (signal) => raced(opened, signal));
    transports.prove();
  } catch (error) {
    throw new GantryError('START_FAILED', `its pipes were not opened within ${OPENING_MS} ms`, { cause: error });
  }
}

function isPerhapsByPipes({ halt }: Launch, { pipes }: Sandbox, by: NamedPipes | null, error: unknown): boolean {
  if (by === null || pipes?.isOpened === true || halt.aborted) return false;
  return error instanceof GantryError && PERHAPS_BY_PIPES.has(error.code);
}

/** Ends the sandbox without a word to the pool, whose next attempt takes its place. @returns what to throw */
async function discard({ context, slots, all }: PoolParts, sandbox: Sandbox, error: unknown): Promise<PipesFailure> {
  sandbox.holding = null;
  await dismissSandbox(context, sandbox, 'its pipes were not opened', () => undefined);
  slots.free(sandbox.slot);
  all.delete(sandbox);
  return new PipesFailure(sandbox.id, error);
}
