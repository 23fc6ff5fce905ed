// The first checks of the kit: a folder is read and built on the same way as by the server, under the operator's policy, and without being
// registered anywhere. What is the operator's or the engine's fault is thrown: it says nothing about the plugin.
import { join } from 'node:path';
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { PluginVersion, Problem } from '../../core/plugin.ts';
import { BuildLog } from '../../plugins/build-log.ts';
import type { Finding } from '../../plugins/conformance/checks.ts';
import type { Fixture } from '../../plugins/conformance/fixture.ts';
import { readFixtures } from '../../plugins/conformance/read-fixtures.ts';
import { loadFolder, type LoadedFolder } from '../../plugins/load-folder.ts';
import type { PluginKit } from '../../compose.ts';
import { kitBuilder } from '../kit-parts.ts';
import type { FindingLog } from './finding-log.ts';

export interface BuiltPlugin {
  readonly version: PluginVersion;
  readonly fixtures: readonly Fixture[];
}

const LOG_LINES = 10;

/** Null when one of the checks failed. @param shown the folder as the reader would type it */
export async function buildPlugin(
  kit: PluginKit,
  folder: string,
  shown: string,
  log: FindingLog,
  stop: AbortSignal,
): Promise<BuiltPlugin | null> {
  const loaded = await log.add('manifest', () => readFolder(kit, folder, shown));
  if (loaded === null) return null;
  const read = await log.add('fixtures', () => fixturesOf(folder, shown, loaded));
  const version = await buildVersion(kit, loaded, shown, log, stop);
  return read === null || version === null ? null : { version, fixtures: read };
}

type Looked<T> = Pick<Finding, 'state' | 'reason'> & { readonly value: T | null };

async function readFolder({ ground }: PluginKit, folder: string, shown: string): Promise<Looked<LoadedFolder>> {
  const { config, at, expressions } = ground;
  const loaded = await loadFolder(folder, shown, {
    policy: { allowDockerfile: config.build.allowDockerfile, allowNetwork: config.build.allowNetwork },
    settingsFolder: at(join('config', 'plugins')),
    expressions,
  });
  if ('problems' in loaded) return { state: 'failed', reason: toldOf(loaded.problems), value: null };
  const { plugin, warnings } = loaded;
  const doubts = warnings.length === 0 ? '' : `; ${toldOf(warnings)}`;
  return { state: 'passed', reason: `${plugin.name} ${plugin.version}, ${plugin.protocol}${doubts}`, value: loaded };
}

async function fixturesOf(
  folder: string,
  shown: string,
  { plugin }: LoadedFolder,
): Promise<Looked<readonly Fixture[]>> {
  const read = await readFixtures(folder, shown, plugin);
  if ('problems' in read) return { state: 'failed', reason: toldOf(read.problems), value: null };
  const { fixtures } = read;
  return fixtures.length === 0
    ? { state: 'not_applicable', reason: 'the plugin has no fixtures/*.json: write one', value: [] }
    : { state: 'passed', reason: fixtures.map(({ name }) => name).join(', '), value: fixtures };
}

async function buildVersion(
  kit: PluginKit,
  loaded: LoadedFolder,
  shown: string,
  log: FindingLog,
  stop: AbortSignal,
): Promise<PluginVersion | null> {
  const built = await log.add('build', async (): Promise<Looked<Built>> => {
    const lines = new BuildLog();
    try {
      const version = await kitBuilder(kit, lines, false).build(loaded, shown, stop);
      return { state: 'passed', reason: version.imageTag, value: { version } };
    } catch (error) {
      if (stop.aborted) throw new GantryError('CANCELLED', 'stopped by a signal', { cause: error });
      if (!(error instanceof GantryError) || ERROR_TABLE[error.code].fault !== 'plugin') throw error;
      const reason = problemsText(error);
      if (error.code === 'IMAGE_UNSAFE')
        return { state: 'passed', reason: 'the image is there', value: { refusal: reason } };
      const end = lines.of(loaded.plugin.name).slice(-LOG_LINES).join(' / ');
      return { state: 'failed', reason: `${reason}${end === '' ? '' : ` (log: ${end})`}`, value: null };
    }
  });
  if (built === null) return null;
  return await log.add('image', () => Promise.resolve(imageOf(built)));
}

/** A version, or why its image must not be used. */
type Built = { readonly version: PluginVersion } | { readonly refusal: string };

function imageOf(built: Built): Looked<PluginVersion> {
  return 'refusal' in built
    ? { state: 'failed', reason: built.refusal, value: null }
    : { state: 'passed', reason: 'no setting of it weakens the sandbox', value: built.version };
}

function problemsText(error: GantryError): string {
  return error.problems.length > 0 ? toldOf(error.problems) : `${error.message} (${error.code})`;
}

function toldOf(problems: readonly Problem[]): string {
  return problems
    .map(({ file, line, column, message, code }) => {
      const place = [file, line, column].filter((part) => part !== null && part !== '').join(':');
      return `${place}: ${message} (${code})`;
    })
    .join('; ');
}
