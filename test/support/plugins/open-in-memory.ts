// A catalog over a folder of its own, on an engine in memory.
import type { PluginsOptions } from '../../../src/plugins/building-plugins.ts';
import type { Plugins } from '../../../src/plugins/plugins.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import { until } from '../engine/until.ts';
import { manifestText } from './make-version.ts';
import { openPlugins, shortStatuses, type OpenPlugins } from './open-plugins.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const BASES = [
  'gantry/base-python:1',
  'gantry/base-node:1',
  'gantry/base-shell:1',
  'gantry/base-go:1',
  'gantry/base-static:1',
];
export interface OpenedInMemory extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly engine: FakeEngine;
  readonly opened: OpenPlugins;
  readonly plugins: Plugins;
}

/** The catalog over a new folder with these files, on an engine in memory that has every base image. */
export async function openInMemory(
  files: Readonly<Record<string, string>>,
  changes: Partial<PluginsOptions> = {},
): Promise<OpenedInMemory> {
  const folder = await TemporaryFolder.make();
  await folder.write(files);
  const engine = new FakeEngine({ program: () => null, images: BASES, instanceId: 'here' });
  const opened = openPlugins(folder.path, engine, 'here', changes);
  return {
    folder,
    engine,
    opened,
    plugins: opened.plugins,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Far beyond what anything here takes. */
export const soon = (): AbortSignal => AbortSignal.timeout(150_000);
/** Files of a shell plugin in a folder of its own name. */
export const plugin = (name: string, script = 'echo {}', version = '1.0.0'): Record<string, string> => ({
  [`${name}/plugin.yaml`]: manifestText('', name, version),
  [`${name}/main.sh`]: script,
});
/** What serves the hook `fetch`, as `name@version`. */
export const served = (plugins: Plugins): readonly string[] =>
  plugins
    .snapshot()
    .pluginsFor('default', 'fetch')
    .map((version) => `${version.plugin.name}@${version.plugin.version}`);
export const statusesBecome = (plugins: Plugins, ...expected: readonly string[]): Promise<void> =>
  until(expected.join(', '), () => JSON.stringify(shortStatuses(plugins.statuses())) === JSON.stringify(expected));
