// An image can undo the sandbox it runs in. Looks at what the engine says of a built or ready image and names every setting that would.
// The user is only asked for where the image is the author's own: the sandbox sets one of its own in any case.
import { posix } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { Plugin, Problem, Runtime } from '../../core/plugin.ts';
import type { ImageFacts } from '../../core/ports/container-engine.ts';
import { isUnsafeVariable } from '../../core/unsafe-variable.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { COMPILED_PROGRAM, JAVA_CLASS_PATH, JAVA_OPTIONS, javaClassOf, PLUGIN_FOLDER } from './recipes.ts';

const OWN_LABELS = [
  ...['io.gantry.instance', 'io.gantry.plugin', 'io.gantry.version', 'io.gantry.content'],
  // left by the base images
  ...['io.gantry.base', 'io.gantry.base.recipe'],
];
/** Labels that other programs act on when they find them on a container. */
const FOREIGN_LABEL = /^(io\.gantry\.|com\.docker\.|org\.testcontainers|traefik\.)/;
const FORBIDDEN_FOLDER = /^\/(proc|sys|dev)(\/|$)/;

type Finding = (config: JsonObject, plugin: Plugin) => readonly string[];

const FINDINGS: readonly Finding[] = [
  (config) => namesIn(config['Volumes']).map((path) => `VOLUME ${path} gives disk without a limit`),
  (config) => (hasHealthcheck(config['Healthcheck']) ? ['HEALTHCHECK starts processes of its own'] : []),
  (config) => listIn(config['OnBuild']).map((line) => `ONBUILD ${line} acts in later builds`),
  (config) => textIn(config['StopSignal']).map((signal) => `STOPSIGNAL ${signal} decides how the plugin is stopped`),
  (config, plugin) => (plugin.source.kind === 'runtime' ? [] : rootUser(config['User'])),
  (config, plugin) =>
    listIn(config['Env'])
      .map((pair) => pair.split('=', 1)[0] ?? '')
      .filter((name) => isUnsafeVariable(name, plugin.source.kind === 'runtime'))
      .map((name) => `ENV ${name} changes what programs load or where they connect`),
  (config, plugin) =>
    namesIn(config['Labels'])
      .filter((name) => FOREIGN_LABEL.test(name) && (plugin.source.kind === 'image' || !OWN_LABELS.includes(name)))
      .map((name) => `LABEL ${name} is acted on by other programs`),
  (config) =>
    textIn(config['WorkingDir'])
      .filter((folder) => FORBIDDEN_FOLDER.test(folder))
      .map((folder) => `WORKDIR ${folder} lies in a file system of the kernel`),
];

/** One problem that lists every unsafe setting; empty when there is none. */
export function checkImage(facts: ImageFacts, plugin: Plugin, file: string): readonly Problem[] {
  const reasons = FINDINGS.flatMap((find) => find(facts.config, plugin)).map((reason) =>
    escapeText(reason).slice(0, 200),
  );
  if (reasons.length === 0) return [];
  const message = `the image is not safe to run: ${reasons.join('; ')}`.slice(0, 2000);
  return [{ code: 'IMAGE_UNSAFE', message, file, line: null, column: null }];
}

/** What starts: the manifest's command, the runtime's start of `entry`, or the image's own. Empty: the image has none. */
export function commandOf(plugin: Plugin, facts: ImageFacts): readonly string[] {
  const { source } = plugin;
  if (source.command !== null) {
    return rooted(source.command, source.kind === 'runtime' ? PLUGIN_FOLDER : workingDirOf(facts));
  }
  if (source.kind !== 'runtime') return [...listIn(facts.config['Entrypoint']), ...listIn(facts.config['Cmd'])];
  return startOf(source.runtime, source.entry ?? '');
}

function startOf(runtime: Runtime, entry: string): readonly string[] {
  const path = `${PLUGIN_FOLDER}/${entry}`;
  switch (runtime) {
    case 'python':
      return ['python3', path];
    case 'node':
      return ['node', path];
    case 'shell':
      return ['sh', path];
    case 'go':
    case 'rust':
      return [COMPILED_PROGRAM];
    case 'java':
      return ['java', ...JAVA_OPTIONS, '-cp', JAVA_CLASS_PATH, javaClassOf(entry)];
  }
}

/** `./x` means the folder where the plugin starts; the engine would look for it elsewhere when that ever changes. */
function rooted([program = '', ...rest]: readonly string[], folder: string): readonly string[] {
  return [program.startsWith('./') ? posix.join(folder, program) : program, ...rest];
}

/** The image's variables, as `NAME=value`. */
export function environmentOf(facts: ImageFacts): readonly string[] {
  return listIn(facts.config['Env']);
}

export function workingDirOf(facts: ImageFacts): string {
  return textIn(facts.config['WorkingDir'])[0] ?? '/';
}

function rootUser(user: JsonValue | undefined): readonly string[] {
  const name = typeof user === 'string' ? (user.split(':', 1)[0] ?? '') : '';
  return name === '' || name === 'root' || /^0+$/.test(name) ? ['USER is root; name another'] : [];
}

function hasHealthcheck(check: JsonValue | undefined): boolean {
  if (!isJsonObject(check)) return false;
  const test = listIn(check['Test']);
  return test.length > 0 && test[0] !== 'NONE';
}

function namesIn(value: JsonValue | undefined): readonly string[] {
  return isJsonObject(value) ? Object.keys(value) : [];
}

function listIn(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function textIn(value: JsonValue | undefined): readonly string[] {
  return typeof value === 'string' && value !== '' ? [value] : [];
}
