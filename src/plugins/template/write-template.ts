// A new plugin's folder from the template of its language: the files of docker/runtimes/template and docker/runtimes/<language>/template with
// the words in capitals replaced. plugin.yaml is written last: until it stands, a program that watches the folder sees no plugin.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { Runtime } from '../../core/plugin.ts';
import { TEMPLATE_LANGUAGES } from './template-languages.ts';

export interface NewPlugin {
  readonly runtime: Runtime;
  /** also the folder's name; checked by whoever asks */
  readonly name: string;
  readonly hook: string;
  /** names of pipelines, or `*` */
  readonly pipelines: readonly string[];
  readonly protocol: 'json' | 'stream';
}

interface TemplateFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Makes the folder and gives its files, ascending by path. Nothing is left of a folder that could not be written whole.
 * @param runtimes absolute path of docker/runtimes
 * @throws GantryError FOLDER_EXISTS, FOLDER_UNWRITABLE
 */
export async function writeTemplate(plugin: NewPlugin, folder: string, runtimes: string): Promise<readonly string[]> {
  const files = [
    ...(await readTemplate(join(runtimes, plugin.runtime, 'template'))),
    ...(await readTemplate(join(runtimes, 'template'))),
  ];
  await makeFolder(folder);
  try {
    for (const { path, text } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), fill(text, plugin), { flag: 'wx' });
    }
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw new GantryError('FOLDER_UNWRITABLE', `${folder}: ${messageOf(thrown)}`, { cause: thrown });
  }
  return files.map(({ path }) => path).sort();
}

async function readTemplate(folder: string): Promise<readonly TemplateFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  return await Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(folder, path), 'utf8') })));
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(dirname(folder), { recursive: true });
  } catch (thrown) {
    throw new GantryError('FOLDER_UNWRITABLE', `${dirname(folder)}: ${messageOf(thrown)}`, { cause: thrown });
  }
  try {
    await mkdir(folder);
  } catch (thrown) {
    const isThere = thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST';
    if (isThere) throw new GantryError('FOLDER_EXISTS', `${folder} stands already`, { cause: thrown });
    throw new GantryError('FOLDER_UNWRITABLE', `${folder}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function fill(text: string, { runtime, name, hook, pipelines, protocol }: NewPlugin): string {
  const words: Readonly<Record<string, string>> = {
    PLUGIN_NAME: name,
    HOOK_NAME: hook,
    PIPELINE_NAMES: `[${pipelines.map((pipeline) => (pipeline === '*' ? '"*"' : pipeline)).join(', ')}]`,
    RUNTIME_NAME: runtime,
    ENTRY_FILE: TEMPLATE_LANGUAGES[runtime].entry,
    PROTOCOL_NAME: protocol,
    REUSE_NAME: protocol === 'stream' ? 'warm' : 'never',
  };
  return text.replaceAll(/\b[A-Z]+_[A-Z]+\b/g, (word) => words[word] ?? word);
}
