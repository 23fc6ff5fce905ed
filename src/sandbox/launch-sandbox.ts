// Starts one sandbox of a version, up to where it waits for an invocation. Only the container's start takes a place at the gate: a plugin
// that takes its time to become ready keeps nobody else from starting.
import type { PluginVersion } from '../core/plugin.ts';
import { makeSandbox } from './make-sandbox.ts';
import type { PoolParts } from './pool-parts.ts';
import { SandboxSession } from './sandbox-session.ts';
import { Sandbox } from './sandbox.ts';
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

/** @throws GantryError as makeSandbox, NotReadyError, or the halt's reason; the sandbox is dismissed then */
export async function launchSandbox(parts: PoolParts, launch: Launch): Promise<Sandbox> {
  const { context, gate } = parts;
  const { sandbox, startedAtMs } = await gate.run(launch.isUrgent, () => startContainer(parts, launch));
  try {
    if (sandbox.version.plugin.protocol === 'stream') sandbox.session = await SandboxSession.open(context, sandbox);
  } catch (error) {
    launch.dismiss(sandbox);
    throw error;
  }
  sandbox.move('idle', 'started');
  const durationMs = context.clock.monotonicMs() - startedAtMs;
  const { version, transport } = sandbox;
  context.events.emit({ kind: 'sandboxStarted', plugin: version.plugin.name, transport, durationMs });
  return sandbox;
}

async function startContainer(
  { context, slots, all }: PoolParts,
  { version, holding, halt, dismiss }: Launch,
): Promise<{ readonly sandbox: Sandbox; readonly startedAtMs: number }> {
  const startedAtMs = context.clock.monotonicMs();
  const sandbox = new Sandbox(context.ids.newId('sbx'), version, slots.take(), context.events);
  all.add(sandbox);
  sandbox.holding = holding;
  try {
    halt.throwIfAborted();
    await makeSandbox(context, sandbox, halt);
    return { sandbox, startedAtMs };
  } catch (error) {
    dismiss(sandbox);
    throw error;
  }
}
