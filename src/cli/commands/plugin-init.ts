// `gantry plugin init`: a plugin that runs as it stands, in the author's language, at a hook that a pipeline has.
import { isAbsolute, join, relative, resolve } from 'node:path';
import { loadConfig } from '../../config/load-config.ts';
import { loadDeclared } from '../../compose/load-declared.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Pipeline } from '../../core/pipeline.ts';
import { RUNTIMES, type Runtime } from '../../core/plugin.ts';
import { suggest } from '../../lib/suggest.ts';
import { TEMPLATE_LANGUAGES } from '../../plugins/template/template-languages.ts';
import { writeTemplate, type NewPlugin } from '../../plugins/template/write-template.ts';
import { textOption, type Command, type CommandContext } from '../command.ts';

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;
const DEFAULT_HOOK = 'fetch_data';

/** What people write for the runtimes' own names. */
const ALIASES: Readonly<Record<string, Runtime>> = {
  py: 'python',
  python3: 'python',
  js: 'node',
  javascript: 'node',
  nodejs: 'node',
  sh: 'shell',
  bash: 'shell',
  golang: 'go',
  rs: 'rust',
};

export const pluginInitCommand: Command = {
  name: 'plugin init',
  operands: '<language> <name>',
  summary: `make a plugin that runs as it stands: ${RUNTIMES.join(', ')}`,
  operandCount: [2, 2],
  options: { hook: { type: 'string' }, dir: { type: 'string' }, protocol: { type: 'string' } },
  optionHelp: {
    'hook HOOK': 'the hook it serves; by default the first one of the first pipeline',
    'dir FOLDER': 'where its folder is made; by default plugins.folder of the configuration',
    'protocol P': 'json (default): a sandbox per invocation; stream: one process serves many',
  },
  async run(context) {
    const { positionals, output } = context;
    const runtime = runtimeOf(positionals[0] ?? '');
    const name = positionals[1] ?? '';
    if (!NAME.test(name))
      throw new GantryError('PLUGIN_NAME_INVALID', `"${name}" is no name for a plugin: a-z first, then a-z 0-9 _ -`);
    const protocol = protocolOf(textOption(context.options, 'protocol') ?? 'json');
    const { folder, isServed, pipelines } = await placeOf(context);
    const { hook, serving, remark } = hookOf(textOption(context.options, 'hook'), pipelines);
    const path = join(folder, name);
    const plugin: NewPlugin = { runtime, name, hook, pipelines: serving, protocol };
    const files = await writeTemplate(plugin, path, join(context.root, 'docker', 'runtimes'));
    const shown = shownFrom(process.cwd(), path);
    if (output.isJson) output.document({ ...plugin, folder: shown, files });
    else for (const line of nextSteps(plugin, shown, files, isServed)) output.line(line);
    if (remark !== null) output.note(`! ${remark}`);
    return 0;
  },
};

function runtimeOf(language: string): Runtime {
  const known = [...RUNTIMES, ...Object.keys(ALIASES)];
  const typed = language.toLowerCase();
  const runtime = RUNTIMES.find((one) => one === typed) ?? ALIASES[typed];
  if (runtime !== undefined) return runtime;
  const near = suggest(typed, known);
  const meant = near === null ? null : (ALIASES[near] ?? near);
  const hint = meant === null ? `choose one of ${RUNTIMES.join(', ')}` : `did you mean "${meant}"?`;
  throw new GantryError('USAGE', `no template for the language "${language}"; ${hint}`);
}

function protocolOf(text: string): 'json' | 'stream' {
  if (text === 'json' || text === 'stream') return text;
  throw new GantryError('USAGE', `--protocol ${text}: write json or stream (a text filter needs no template)`);
}

/** The folder of plugins and the declared pipelines. */
async function placeOf({ root, environment, options }: CommandContext): Promise<{
  readonly folder: string;
  readonly isServed: boolean;
  readonly pipelines: readonly Pipeline[];
}> {
  const { config } = await loadConfig(root, environment);
  const at = (path: string): string => (isAbsolute(path) ? path : join(root, path));
  const given = textOption(options, 'dir');
  const pipelines = await loadDeclared(at(config.pipelines.file), config.pipelines.file);
  const served = at(config.plugins.folder);
  const folder = given === null ? served : resolve(given);
  return { folder, isServed: folder === served, pipelines: [...pipelines.values()] };
}

/** The hook, and the pipelines that have it; a hook that nobody has is permitted, since its pipeline may come later. */
function hookOf(
  wanted: string | null,
  pipelines: readonly Pipeline[],
): { readonly hook: string; readonly serving: readonly string[]; readonly remark: string | null } {
  const hook = wanted ?? pipelines[0]?.hooks[0]?.name ?? DEFAULT_HOOK;
  if (!NAME.test(hook)) throw new GantryError('USAGE', `--hook ${hook}: a name is a-z first, then a-z 0-9 _ -`);
  const serving = pipelines.filter(({ hooks }) => hooks.some(({ name }) => name === hook)).map(({ name }) => name);
  if (serving.length > 0) return { hook, serving, remark: null };
  const near = suggest(
    hook,
    pipelines.flatMap(({ hooks }) => hooks.map(({ name }) => name)),
  );
  const hint = near === null ? '' : `; did you mean ${near}?`;
  const remark = `no pipeline has a hook ${hook} yet${hint} Add it to one in config/pipelines.yaml before you run it`;
  return { hook, serving: ['*'], remark: remark.replace('yet Add', 'yet: add') };
}

function nextSteps(plugin: NewPlugin, shown: string, files: readonly string[], isServed: boolean): readonly string[] {
  const { runtime, hook, pipelines } = plugin;
  const { unitTest } = TEMPLATE_LANGUAGES[runtime];
  const [pipeline = '*'] = pipelines;
  const steps: [string, string][] = [
    [`npx gantry plugin dev ${shown}`, 'builds and calls it, again at each save'],
    [`npx gantry plugin test ${shown}`, 'checks all that a plugin must do'],
    ...(unitTest === null
      ? []
      : [[`(cd ${shown} && ${unitTest})`, 'its own test, without Gantry'] as [string, string]]),
    ...(pipeline === '*' || !isServed
      ? []
      : [[`npx gantry run ${pipeline}`, 'runs the pipeline with it'] as [string, string]]),
  ];
  const width = Math.max(...steps.map(([command]) => command.length));
  return [
    `${shown}: a plugin in ${runtime} for the hook ${hook}${pipeline === '*' ? '' : ` of ${pipelines.join(', ')}`}`,
    `  ${files.join('  ')}`,
    '',
    ...steps.map(([command, meaning]) => `  ${command.padEnd(width)}  # ${meaning}`),
  ];
}

function shownFrom(folder: string, path: string): string {
  const short = relative(folder, path);
  return short === '' || short.startsWith('..') ? path : short;
}
