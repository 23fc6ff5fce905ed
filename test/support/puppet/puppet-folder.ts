// Makes a plugin folder of the puppet with any manifest, so that a test needs no folder of its own. The manifest is
// written as JSON, which every YAML reader takes.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const SOURCES = ['puppet.py', 'probes.py'] as const;

/** What the puppet is told: one member of `context.data.do`; README.md has the table. */
export interface PuppetStep {
  readonly step: string;
  readonly [argument: string]: unknown;
}

/** Creates `<parent>/<name>`; members of `manifest` are added to or replace the usual ones. Returns the folder's path. */
export function makePuppetFolder(
  parent: string,
  name = 'puppet',
  manifest: Readonly<Record<string, unknown>> = {},
): string {
  const folder = path.join(parent, name);
  mkdirSync(folder, { recursive: true });
  for (const source of SOURCES) copyFileSync(path.join(import.meta.dirname, source), path.join(folder, source));
  const usual = {
    apiVersion: 'gantry/v1',
    name,
    version: '1.0.0',
    hooks: ['act'],
    pipelines: ['*'],
    runtime: 'python',
  };
  const started = 'command' in manifest ? {} : { entry: 'puppet.py' };
  writeFileSync(path.join(folder, 'plugin.yaml'), JSON.stringify({ ...usual, ...started, ...manifest }, null, 2));
  return folder;
}

/** The data of a run that makes the puppet do these steps. */
export function puppetData(...steps: readonly PuppetStep[]): { do: readonly PuppetStep[] } {
  return { do: steps };
}
