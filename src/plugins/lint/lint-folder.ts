// Everything that can be said of a plugin's folder without building it: what the server would refuse, and what is permitted and probably a
// mistake. More than one look of the server's: with a broken manifest the files are looked at as well.
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import type { Problem } from '../../core/plugin.ts';
import type { ContextEntry } from '../../core/ports/container-engine.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { checkHooks, type PipelineHooks } from '../check-hooks.ts';
import { readFixtures } from '../conformance/read-fixtures.ts';
import { systemFiles } from '../context/folder-files.ts';
import { readContext } from '../context/read-context.ts';
import { readRegularFile } from '../context/read-regular-file.ts';
import { loadFolder, MANIFEST_NAME, type LoadOptions } from '../load-folder.ts';
import { MANIFEST_BYTES_MAX, parseYaml, type Places } from '../manifest/parse-yaml.ts';
import { LINT_RULES, type LintRemark } from './lint-rules.ts';

export interface LintOptions extends Omit<LoadOptions, 'files'> {
  readonly pipelines: readonly PipelineHooks[];
}

export interface Lint {
  /** keep the plugin from being used */
  readonly problems: readonly Problem[];
  /** do not; `code` is a code of the error table or the name of a rule */
  readonly warnings: readonly Problem[];
}

/** @param shown the folder as the reader would type it */
export async function lintFolder(folder: string, shown: string, options: LintOptions): Promise<Lint> {
  const file = `${shown}/${MANIFEST_NAME}`;
  const loaded = await loadFolder(folder, shown, options);
  const raw = await rawManifest(folder, file);
  const context = await readContext(folder, shown);
  const entries = 'entries' in context ? context.entries : [];
  const remarks = raw === null ? [] : remarksOf(raw, entries, shown);
  if ('problems' in loaded) {
    const unseen = ['problems' in context ? context.problems : [], raw === null ? [] : missingEntry(raw, entries)];
    return inOrder([...loaded.problems, ...unseen.flat().filter((one) => !includes(loaded.problems, one))], remarks);
  }
  const hooks = checkHooks(loaded.plugin, options.pipelines, file, loaded.places);
  const fixtures = await readFixtures(folder, shown, loaded.plugin);
  return inOrder(
    [...hooks.problems, ...('problems' in fixtures ? fixtures.problems : [])],
    [...loaded.warnings, ...hooks.warnings, ...remarks],
  );
}

interface RawManifest {
  readonly value: JsonObject;
  readonly places: Places;
}

/** Null when it cannot be read; why, is among the problems of the folder. */
async function rawManifest(folder: string, file: string): Promise<RawManifest | null> {
  const read = await readRegularFile(systemFiles, join(folder, MANIFEST_NAME), MANIFEST_BYTES_MAX);
  if (!('bytes' in read)) return null;
  const parsed = parseYaml(read.bytes, file);
  return 'value' in parsed ? parsed : null;
}

/** Told of a broken manifest, too: whoever mends the one should not meet the other only then. */
function missingEntry({ value, places }: RawManifest, entries: readonly ContextEntry[]): Problem[] {
  const { entry, runtime } = value;
  if (typeof entry !== 'string' || typeof runtime !== 'string' || entries.length === 0) return [];
  if (entries.some(({ path }) => path === entry)) return [];
  return [
    places.problem(
      'ENTRY_MISSING',
      ['entry'],
      `\`entry\`: the folder has no file \`${escapeText(entry).slice(0, 200)}\``,
    ),
  ];
}

function remarksOf({ value, places }: RawManifest, entries: readonly ContextEntry[], shown: string): Problem[] {
  return LINT_RULES.flatMap(({ name, check }) =>
    check({ manifest: value, entries }).map((remark) => problemOf(name, remark, places, shown)),
  );
}

function problemOf(rule: string, remark: LintRemark, places: Places, shown: string): Problem {
  const { message } = remark;
  if ('path' in remark) return { ...places.problem('MANIFEST_INVALID', remark.path, message), code: rule };
  const { file, line } = remark;
  return { code: rule, message, file: `${shown}/${file}`, line, column: line === null ? null : 1 };
}

function inOrder(problems: readonly Problem[], warnings: readonly Problem[]): Lint {
  return { problems: problems.toSorted(byPlace), warnings: warnings.toSorted(byPlace) };
}

function byPlace(left: Problem, right: Problem): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0);
}

function includes(problems: readonly Problem[], { code, file }: Problem): boolean {
  return problems.some((one) => one.code === code && one.file === file);
}
