// What every kit on one plugin's folder makes of its ground: the builder that a server would have, and sandboxes of the kit's own.
import { join } from 'node:path';
import type { PluginKit } from '../compose.ts';
import { within } from '../core/deadline.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { ContainerEngine } from '../core/ports/container-engine.ts';
import type { BuildLog } from '../plugins/build-log.ts';
import { DEFAULT_BASES } from '../plugins/image/recipes.ts';
import { SdkFiles } from '../plugins/image/sdk-files.ts';
import { PluginBuilder } from '../plugins/plugin-builder.ts';
import { createSandboxes, type Sandboxes } from '../sandbox/create-sandboxes.ts';
import type { OnSaid } from '../sandbox/sandbox-context.ts';

const FIRST_ANSWER_MS = 30_000;

/** @param keepsStages see BuildRequest */
export function kitBuilder({ ground, images }: PluginKit, log: BuildLog, keepsStages: boolean): PluginBuilder {
  const { clock, events, config, root } = ground;
  return new PluginBuilder({
    ...{ clock, events, log, keepsStages },
    ...images,
    store: { putPluginVersion: () => Promise.resolve() },
    bases: DEFAULT_BASES,
    sdk: new SdkFiles(join(root, 'docker', 'runtimes')),
    buildTimeoutMs: config.build.timeout,
    buildMemoryBytes: config.build.memory,
    callTimeoutMs: config.engine.timeout,
  });
}

export interface KitSandboxes {
  /** the kit's, or one around it */
  readonly engine: ContainerEngine;
  readonly graceMs: number;
  /** that of a server unless given */
  readonly startTimeoutMs?: number;
  readonly stop: AbortSignal;
  /** what versions say of themselves; without it, none is asked */
  readonly onSaid?: OnSaid;
}

/** @throws GantryError DOCKER_UNAVAILABLE, ENGINE_*, CANCELLED */
export async function openKitSandboxes(
  { ground, sandboxes: { instanceId } }: PluginKit,
  { engine, graceMs, stop, onSaid, ...start }: KitSandboxes,
): Promise<Sandboxes> {
  const { clock, ids, events, logger, usage, config } = ground;
  const facts = await within(clock, FIRST_ANSWER_MS, stop, (signal) => engine.facts({ signal }));
  const sandboxes = createSandboxes({
    ...{ engine, clock, ids, events, logger, usage, facts },
    ...(onSaid === undefined ? {} : { onSaid }),
    settings: {
      ...{ instanceId, graceMs, ...start, workerId: ids.newId('wrk') },
      ...{ cpuOvercommit: config.sandbox.cpuOvercommit, memoryShare: config.sandbox.memoryShare },
      engineTimeoutMs: config.engine.timeout,
      // A plugin that crashes is still asked the next question.
      quarantineFailures: Number.MAX_SAFE_INTEGER,
    },
  });
  await sandboxes.start();
  if (!stop.aborted) return sandboxes;
  await sandboxes[Symbol.asyncDispose]();
  throw new GantryError('CANCELLED', 'stopped by a signal');
}
