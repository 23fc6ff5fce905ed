// A catalog over a folder of its own, on an engine in memory.
import type { Plugins, PluginsOptions } from '../../../src/plugins/plugins.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import { openPlugins, type OpenPlugins } from './open-plugins.ts';
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
