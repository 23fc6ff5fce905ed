// The operator's settings of a plugin, `<settings folder>/<plugin>.yaml`, checked against the manifest's schema; no file means `{}`.
import { join } from 'node:path';
import type { JsonObject } from '../core/json.ts';
import { isJsonObject } from '../core/json.ts';
import type { Plugin, Problem } from '../core/plugin.ts';
import { validateAgainst } from '../core/schema-subset.ts';
import { escapeText } from '../lib/escape-text.ts';
import { systemFiles, type FolderFiles } from './context/folder-files.ts';
import { readRegularFile } from './context/read-regular-file.ts';
import { MANIFEST_BYTES_MAX, parseYaml } from './manifest/parse-yaml.ts';

export type Settings = { readonly config: JsonObject } | { readonly problems: readonly Problem[] };

/** @param folder null: there are no settings files */
export async function readSettings(
  plugin: Plugin,
  folder: string | null,
  files: FolderFiles = systemFiles,
): Promise<Settings> {
  const file = folder === null ? null : join(folder, `${plugin.name}.yaml`);
  const isThere = file !== null && (await exists(files, file));
  if (!isThere) return applySchema(plugin, Object.create(null) as JsonObject, `plugin.yaml`, null);
  const read = await readRegularFile(files, file, MANIFEST_BYTES_MAX);
  if (!('bytes' in read)) return { problems: [problemAt(file, `${file} ${read.message}`)] };
  const parsed = parseYaml(read.bytes, file);
  if ('value' in parsed) return applySchema(plugin, parsed.value, file, parsed.places);
  const isEmpty = parsed.problems.every(({ code }) => code === 'MANIFEST_EMPTY');
  if (isEmpty) return applySchema(plugin, Object.create(null) as JsonObject, file, null);
  return { problems: parsed.problems.map((problem) => ({ ...problem, code: 'CONFIG_INVALID' })) };
}

function applySchema(
  plugin: Plugin,
  value: JsonObject,
  file: string,
  places: { problem(code: 'CONFIG_INVALID', path: readonly (string | number)[], message: string): Problem } | null,
): Settings {
  if (plugin.configSchema === null) return { config: value };
  const { value: filled, issues } = validateAgainst(plugin.configSchema, value);
  if (issues.length === 0 && isJsonObject(filled)) return { config: filled };
  return {
    problems: issues.map((issue) => {
      const at = issue.path.length === 0 ? 'the settings' : `setting \`${issue.path.join('.')}\``;
      const message = escapeText(`${at} of plugin \`${plugin.name}\` ${issue.message}`).slice(0, 500);
      return places?.problem('CONFIG_INVALID', issue.path, message) ?? problemAt(file, message);
    }),
  };
}

function problemAt(file: string, message: string): Problem {
  return { code: 'CONFIG_INVALID', message, file, line: null, column: null };
}

async function exists(files: FolderFiles, path: string): Promise<boolean> {
  try {
    await files.lstat(path);
    return true;
  } catch {
    return false;
  }
}
