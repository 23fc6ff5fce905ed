// What is permitted in a plugin's folder and is still probably a mistake. Each rule says only what the files themselves prove: what a program
// does is for `gantry plugin test`.
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { ContextEntry } from '../../core/ports/container-engine.ts';
import { valueAt } from '../manifest/later-releases.ts';
import type { ManifestPath } from '../manifest/parse-yaml.ts';

export interface LintSubject {
  /** the manifest's raw values */
  readonly manifest: JsonObject;
  /** the files that go into the image */
  readonly entries: readonly ContextEntry[];
}

/** Where it is: a place in the manifest, or a line of a file of the folder. */
export type LintPlace = { readonly path: ManifestPath } | { readonly file: string; readonly line: number | null };

export type LintRemark = LintPlace & { readonly message: string };

export interface LintRule {
  readonly name: string;
  /** for the table of docs/manifest.md */
  readonly meaning: string;
  readonly check: (subject: LintSubject) => readonly LintRemark[];
}

/** Folders and files that tools leave behind; nothing at run time reads them. */
const LEFT_BY_TOOLS = /^(.*\/)?(\.venv|venv|\.idea|\.vscode|\.pytest_cache|\.mypy_cache)\//;
/** Of Cargo; in another language a folder of this name may be anything. */
const CARGO_TARGET = /^target\//;
const SECRET_FILE = /^(.*\/)?(\.env(\.[a-z]+)?|id_(rsa|ed25519|ecdsa)|\.npmrc|\.pypirc|\.netrc)$/;
const CARRIAGE_RETURN = 13;

function checkDescription({ manifest }: LintSubject): readonly LintRemark[] {
  const { description } = manifest;
  if (typeof description === 'string' && description.trim() !== '') return [];
  const path = [description === undefined ? 'name' : 'description'];
  return [{ path, message: 'there is no `description`: say in one sentence what the plugin is for' }];
}

const decoder = new TextDecoder();

function linesOf({ bytes }: ContextEntry): readonly string[] {
  return decoder.decode(bytes).split('\n');
}

function isShellScript({ path, bytes }: ContextEntry, manifest: JsonObject): boolean {
  const isEntry = manifest['runtime'] === 'shell' && manifest['entry'] === path;
  return isEntry || path.endsWith('.sh') || /^#!.*\b(sh|bash|dash)\b/.test(decoder.decode(bytes.subarray(0, 64)));
}

function checkLineEnds({ manifest, entries }: LintSubject): readonly LintRemark[] {
  return entries
    .filter((entry) => entry.bytes.includes(CARRIAGE_RETURN) && isShellScript(entry, manifest))
    .map((entry) => ({
      file: entry.path,
      line: linesOf(entry).findIndex((line) => line.endsWith('\r')) + 1,
      message: 'the line ends with CR LF, and a shell takes the CR for a part of the word: save the file with LF',
    }));
}

function commandOf(manifest: JsonObject): string | null {
  const { command } = manifest;
  const first: JsonValue | undefined = Array.isArray(command) ? command[0] : undefined;
  return typeof first === 'string' && first.startsWith('./') ? first.slice(2) : null;
}

/** Only of what Gantry builds itself: an own Dockerfile may make or change any file. */
function checkCommand({ manifest, entries }: LintSubject): readonly LintRemark[] {
  const path = commandOf(manifest);
  if (path === null || typeof manifest['runtime'] !== 'string') return [];
  const entry = entries.find((one) => one.path === path);
  const at = { path: ['command', 0] };
  if (entry === undefined) return [{ ...at, message: `the folder has no file ${path}: the command cannot be started` }];
  return entry.mode === 0o755 ? [] : [{ ...at, message: `${path} is not executable: chmod +x ${path}` }];
}

function checkUnpinned({ manifest, entries }: LintSubject): readonly LintRemark[] {
  const { runtime, dependencies } = manifest;
  const file = entries.find(({ path }) => path === dependencies);
  if (file === undefined) return [];
  if (runtime === 'python')
    return linesOf(file).flatMap((text, index) => {
      const line = text.trim();
      if (line === '' || /^[#-]/.test(line) || /==|@/.test(line)) return [];
      const message = `${line.split(/[\s;<>~!=[]/)[0] ?? ''} has no exact version: a later build may get another one`;
      return [{ file: file.path, line: index + 1, message }];
    });
  const folder = file.path.slice(0, file.path.lastIndexOf('/') + 1);
  const lock = `${folder}package-lock.json`;
  if (runtime !== 'node' || entries.some(({ path }) => path === lock)) return [];
  return [{ path: ['dependencies'], message: `there is no ${lock}: a later build may get other versions` }];
}

function found(entries: readonly ContextEntry[], pattern: RegExp, what: string): readonly LintRemark[] {
  const places = entries.flatMap(({ path }) => pattern.exec(path)?.[0].replace(/\/$/, '') ?? []);
  return [...new Set(places)].map((file) => ({ file, line: null, message: `${what}: add ${file} to .dockerignore` }));
}

function checkLeftovers({ manifest, entries }: LintSubject): readonly LintRemark[] {
  const what = 'is packed for the image, where nothing reads it';
  const target = manifest['runtime'] === 'rust' ? found(entries, CARGO_TARGET, what) : [];
  return [...found(entries, LEFT_BY_TOOLS, what), ...target];
}

function checkSecretFiles({ entries }: LintSubject): readonly LintRemark[] {
  return found(entries, SECRET_FILE, 'usually holds secrets and is packed into the image');
}

function checkTimeout({ manifest }: LintSubject): readonly LintRemark[] {
  if (valueAt(manifest, ['limits', 'timeout']) !== undefined) return [];
  const path = isJsonObject(manifest['limits']) ? ['limits'] : [];
  return [{ path, message: '`limits.timeout` is not given, so an invocation that hangs is ended after 30s' }];
}

export const LINT_RULES: readonly LintRule[] = [
  {
    name: 'no-description',
    meaning: 'there is no `description`: list and panel show a bare name',
    check: checkDescription,
  },
  { name: 'no-timeout', meaning: 'there is no `limits.timeout`: what hangs is ended after 30s', check: checkTimeout },
  { name: 'cr-lf', meaning: 'a shell script has lines that end with CR LF', check: checkLineEnds },
  {
    name: 'not-startable',
    meaning: 'a `command` names a file of the folder that is missing or not executable',
    check: checkCommand,
  },
  { name: 'unpinned', meaning: '`dependencies` have no exact versions or no lock file', check: checkUnpinned },
  { name: 'left-by-tools', meaning: 'a folder that a tool made is packed for the image', check: checkLeftovers },
  { name: 'secret-file', meaning: 'a file that usually holds secrets is packed', check: checkSecretFiles },
];
