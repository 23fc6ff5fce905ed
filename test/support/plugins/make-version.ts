// Plugins and versions for tests, made through the real manifest reader so that they are always ones that can exist.
import type { Plugin, PluginVersion } from '../../../src/core/plugin.ts';
import { readManifest } from '../../../src/plugins/manifest/read-manifest.ts';

/** A manifest with the required keys; extra lines are put behind them. */
export function manifestText(extra = '', name = 'sample', version = '1.0.0'): string {
  return `apiVersion: gantry/v1
name: ${name}
version: ${version}
hooks: [fetch]
pipelines: [default]
runtime: shell
entry: main.sh
${extra}
`;
}

/** @throws Error when the manifest is not accepted */
export function makePluginFrom(yaml: string): Plugin {
  const read = readManifest(new TextEncoder().encode(yaml), 'plugin.yaml');
  if ('plugin' in read) return read.plugin;
  throw new Error(read.problems.map((problem) => `${problem.code}: ${problem.message}`).join('\n'));
}

export function makeVersion(plugin: Partial<Plugin> = {}): PluginVersion {
  const whole = { ...makePluginFrom(manifestText()), ...plugin };
  return {
    id: `${whole.name}@${whole.version}+0123456789ab`,
    plugin: whole,
    contentHash: '0123456789ab'.padEnd(64, '0'),
    imageId: `sha256:${'1'.repeat(64)}`,
    imageTag: `gantry/plugin-${whole.name}:0123456789ab`,
    command: ['sh', '/plugin/main.sh'],
    env: ['PATH=/usr/bin:/bin'],
    workingDir: '/plugin',
    config: {},
  };
}
