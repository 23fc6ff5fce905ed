// A folder → a plugin that can be built, with the checked bytes it is built from, or everything that is wrong with it. No engine needed.
import { join } from 'node:path';
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import type { JsonObject } from '../core/json.ts';
import type { Plugin, Problem } from '../core/plugin.ts';
import type { ContextEntry } from '../core/ports/container-engine.ts';
import type { Expressions } from '../core/ports/expression.ts';
import { systemFiles, type FolderFiles } from './context/folder-files.ts';
import { readContext } from './context/read-context.ts';
import { readRegularFile } from './context/read-regular-file.ts';
import { checkEntries, type BuildPolicy } from './image/check-entries.ts';
import { MANIFEST_BYTES_MAX, type Places } from './manifest/parse-yaml.ts';
import { readManifest, type ReadManifest } from './manifest/read-manifest.ts';
import { readSettings } from './read-settings.ts';

export const MANIFEST_NAME = 'plugin.yaml';

export interface LoadOptions {
  readonly policy: BuildPolicy;
  /** folder with `<plugin>.yaml` settings files; null: none */
  readonly settingsFolder: string | null;
  /** checks the `input` of text plugins; null: unchecked until it is used */
  readonly expressions: Expressions | null;
  readonly files?: FolderFiles;
}

export interface LoadedFolder {
  readonly plugin: Plugin;
  readonly entries: readonly ContextEntry[];
  readonly config: JsonObject;
  readonly warnings: readonly Problem[];
  /** of the manifest */
  readonly places: Places;
}

export type LoadFolder =
  | LoadedFolder
  | {
      /** as the manifest says it, if it could be read; else null */
      readonly name: string | null;
      readonly problems: readonly Problem[];
    };

/** @param shown the folder as the reader would type it; only for the problems */
export async function loadFolder(folder: string, shown: string, options: LoadOptions): Promise<LoadFolder> {
  const files = options.files ?? systemFiles;
  const file = `${shown}/${MANIFEST_NAME}`;
  const manifest = await readManifestFile(folder, file, files);
  if ('problems' in manifest) return { name: null, problems: manifest.problems };
  const { plugin, places } = manifest;
  const context = plugin.source.kind === 'image' ? { entries: [] } : await readContext(folder, shown, files);
  const settings = await readSettings(plugin, options.settingsFolder, files);
  const problems = [
    ...expressionProblems(plugin, options.expressions, places),
    ...('problems' in context ? context.problems : checkEntries(plugin, context.entries, options.policy, places)),
    ...('problems' in settings ? settings.problems : []),
  ];
  if (problems.length > 0 || 'problems' in context || 'problems' in settings) return { name: plugin.name, problems };
  return { plugin, entries: context.entries, config: settings.config, warnings: manifest.warnings, places };
}

async function readManifestFile(folder: string, file: string, files: FolderFiles): Promise<ReadManifest> {
  const isFolder = await files.lstat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) return refused('CONTEXT_FORBIDDEN_ENTRY', 'the plugin is no folder of its own', file);
  const path = join(folder, MANIFEST_NAME);
  const isThere = await files.lstat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return refused('MANIFEST_UNREADABLE', `the folder has no ${MANIFEST_NAME}`, file);
  const read = await readRegularFile(files, path, MANIFEST_BYTES_MAX);
  if ('bytes' in read) return readManifest(read.bytes, file);
  if (read.code === 'CONTEXT_TOO_LARGE') return refused('MANIFEST_TOO_LARGE', `${MANIFEST_NAME} ${read.message}`, file);
  if (read.code === 'CONTEXT_CHANGED') return refused('CONTEXT_CHANGED', `${MANIFEST_NAME} ${read.message}`, file);
  return refused('MANIFEST_UNREADABLE', `${MANIFEST_NAME} ${read.message}`, file);
}

function refused(code: Problem['code'], message: string, file: string): ReadManifest {
  return { problems: [{ code, message, file, line: null, column: null }], warnings: [] };
}

function expressionProblems(plugin: Plugin, expressions: Expressions | null, places: Places): Problem[] {
  if (plugin.text === null || expressions === null) return [];
  try {
    expressions.compile(plugin.text.input);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof GantryError)) throw thrown;
    return [places.problem(thrown.code, ['input'], `\`input\`: ${messageOf(thrown)}`)];
  }
}
