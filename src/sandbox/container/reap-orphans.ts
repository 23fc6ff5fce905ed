// Removes sandboxes that nobody owns: of a worker that died, or of ours when a removal failed. Only containers with this instance's label and
// a sandbox label are looked at; nothing else is ever touched.
import { within } from '../../core/deadline.ts';
import { messageOf } from '../../core/errors/gantry-error.ts';
import type { ContainerSummary } from '../../core/ports/container-engine.ts';
import { LABELS } from './container-spec.ts';
import type { SandboxContext } from '../sandbox-context.ts';

/** A container of ours that we do not know is only taken for lost after this time: it may just be in the making. */
const OWN_AGE_MS = 60_000;

export interface Owners {
  /** a container that belongs to a live sandbox of this worker */
  isKnown(containerId: string): boolean;
  /** another worker of the instance that is alive */
  isWorkerAlive(workerId: string): Promise<boolean>;
}

/** One sweep. Returns how many were removed. @throws GantryError when the engine does not answer */
export async function reapOrphans(context: SandboxContext, owners: Owners, signal: AbortSignal): Promise<number> {
  const { engine, settings, clock } = context;
  const found = await within(clock, settings.engineTimeoutMs, signal, (inner) =>
    engine.listContainers({ [LABELS.instance]: settings.instanceId }, { signal: inner }),
  );
  let count = 0;
  for (const container of found) {
    signal.throwIfAborted();
    if (!(await isOrphan(context, container, owners))) continue;
    if (await remove(context, container, signal)) count += 1;
  }
  if (count > 0) context.events.emit({ kind: 'orphansReaped', count });
  return count;
}

async function isOrphan(context: SandboxContext, container: ContainerSummary, owners: Owners): Promise<boolean> {
  const owner = container.labels[LABELS.owner];
  if (owner === undefined || container.labels[LABELS.sandbox] === undefined) return false;
  if (owner !== context.settings.workerId) return !(await owners.isWorkerAlive(owner));
  return !owners.isKnown(container.id) && context.clock.wallMs() - container.createdAtMs > OWN_AGE_MS;
}

async function remove(context: SandboxContext, container: ContainerSummary, signal: AbortSignal): Promise<boolean> {
  try {
    await within(context.clock, context.settings.engineTimeoutMs, signal, (inner) =>
      context.engine.removeContainer(container.id, { signal: inner }),
    );
    return true;
  } catch (error) {
    const fields = { container: container.name, error: messageOf(error) };
    context.logger.log('warn', 'an orphaned sandbox could not be removed', fields);
    return false;
  }
}
