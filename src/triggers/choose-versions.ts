// The plugin versions that a replay asks for: each must be there, and must be called by the new run. Their images are held until the run is
// stored, which then holds them itself.
import { createHash } from 'node:crypto';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { JsonObject } from '../core/json.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { HookRecord, Lineage } from '../core/run.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { servesHook } from '../pipeline/asked-versions.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';

export interface ChosenVersions extends Disposable {
  readonly versions: readonly PluginVersion[];
  readonly lineage: Pick<Lineage, 'pluginVersions' | 'settings'>;
}

/** @param asked by the plugin's name @throws GantryError as PluginVersions.choose, REPLAY_IMPOSSIBLE */
export async function chooseVersions(
  ports: Pick<RunPorts, 'versions' | 'clock'>,
  settings: Pick<RunSettings, 'storeTimeoutMs'>,
  asked: Readonly<Record<string, string>> = {},
): Promise<ChosenVersions> {
  const entries = Object.entries(asked);
  using stack = new DisposableStack();
  const { versions } = ports;
  if (entries.length > 0 && versions === undefined)
    throw new GantryError('REPLAY_IMPOSSIBLE', 'versions of plugins can be asked for only where there is an engine');
  const found: PluginVersion[] = [];
  for (const [name, version] of entries) {
    const chosen = await tryOnce({ ...ports, ...settings }, 'listPluginVersions', async (options) =>
      versions?.choose(name, version, options),
    );
    if (chosen !== undefined) found.push(stack.use(chosen).version);
  }
  const held = stack.move();
  return {
    versions: found,
    lineage:
      found.length === 0
        ? {}
        : {
            pluginVersions: Object.fromEntries(found.map(({ plugin, id }) => [plugin.name, id])),
            settings: Object.fromEntries(found.map(({ plugin, config }) => [plugin.name, hashOf(config)])),
          },
    [Symbol.dispose]: () => {
      held.dispose();
    },
  };
}

/** Tells settings apart; as long as the hash in a version's name. */
function hashOf(config: JsonObject): string {
  return createHash('sha256').update(canonicalJson(config)).digest('hex').slice(0, 12);
}

/** @throws GantryError REPLAY_IMPOSSIBLE for a version that the run would not call */
export function checkUse(versions: readonly PluginVersion[], { name }: Pipeline, hooks: readonly HookRecord[]): void {
  const again = hooks.filter(({ state }) => state === 'pending').map(({ hook }) => hook);
  const unused = versions.find(({ plugin }) => !again.some((hook) => servesHook(plugin, name, hook)));
  if (unused === undefined) return;
  const message = `${unused.id} serves no hook of ${name} that would be run again (${again.join(', ')})`;
  throw new GantryError('REPLAY_IMPOSSIBLE', message);
}
