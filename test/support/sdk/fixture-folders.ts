// The fixture plugin of each SDK as a plugin's folder, which the product builds: where the SDK lies is all that differs from the local process.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestText } from '../plugins/make-version.ts';

const FIXTURES = join(import.meta.dirname, '../../protocol/sdk/fixtures');
const ENTRIES = {
  python: 'plugin.py',
  node: 'plugin.mjs',
  shell: 'plugin.sh',
  go: 'plugin.go',
  rust: 'plugin.rs',
  java: 'Plugin.java',
} as const;
export type FixtureLanguage = keyof typeof ENTRIES;
export const FIXTURE_LANGUAGES = Object.keys(ENTRIES) as readonly FixtureLanguage[];

/** The files by their paths. */
export function fixtureFolder(language: FixtureLanguage): Readonly<Record<string, string>> {
  const entry = ENTRIES[language];
  const manifest = manifestText('protocol: stream\nlimits: {timeout: 60s, memory: 512Mi}', language)
    .replace('runtime: shell', `runtime: ${language}`)
    .replace('main.sh', entry);
  const isFolder = language === 'go' || language === 'rust' || language === 'java';
  const source = readFileSync(join(FIXTURES, isFolder ? `${language}/${entry}` : entry), 'utf8')
    .replace("'../../../../docker/runtimes/node/gantry.mjs'", "'gantry'")
    .replace('"$(dirname "$0")/../../../../docker/runtimes/shell/gantry.sh"', '/opt/gantry/gantry.sh');
  const files = { [`${language}/plugin.yaml`]: manifest, [`${language}/${entry}`]: source };
  return language === 'go' ? { ...files, 'go/go.mod': 'module fixture\n\ngo 1.21\n' } : files;
}
