// `gantry plugins …`: what is installed and built, and a call past any pipeline.
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { formatDuration, formatSize } from '../../lib/format-units.ts';
import type { Command } from '../command.ts';
import { listAt, objectAt, textAt, textsAt } from '../json-fields.ts';
import { followRun, readRun } from '../follow-run.ts';
import type { Output } from '../output.ts';
import { printDescription } from '../print-description.ts';
import { problemLines, reloadPlugins } from '../reload-plugins.ts';
import { KEY_HELP, KEY_OPTION, REQUEST_HELP, REQUEST_OPTIONS, requestHeaders, runRequest } from '../run-request.ts';

const BUILD_WAIT_MS = 600_000;

export const pluginsListCommand: Command = {
  name: 'plugins list',
  operands: '',
  summary: 'show every plugin with its state',
  operandCount: [0, 0],
  options: {},
  optionHelp: {},
  async run({ output, withApi }) {
    const page = await withApi('engine', (api) => api.send('/plugins'));
    if (output.isJson) output.document(page);
    else {
      const rows = listAt(page, 'items').map((plugin) => [
        textAt(plugin, 'name'),
        stateOf(plugin),
        shortVersion(objectAt(plugin, 'version')),
        fewOf(textsAt(objectAt(plugin, 'version'), 'hooks')),
        fewOf(textsAt(objectAt(plugin, 'version'), 'pipelines')),
      ]);
      if (rows.length === 0) output.line('No plugins yet. Make one: gantry plugin init python NAME');
      else output.table([['PLUGIN', 'STATE', 'VERSION', 'HOOKS', 'PIPELINES'], ...rows]);
      for (const line of listAt(page, 'items').flatMap(firstProblems)) output.line(line);
    }
    return 0;
  },
};

export const pluginsShowCommand: Command = {
  name: 'plugins show',
  operands: '<plugin>',
  summary: 'show one plugin with its manifest, image and build log',
  operandCount: [1, 1],
  options: {},
  optionHelp: {},
  async run({ positionals, output, withApi }) {
    const plugin = await withApi('engine', (api) => api.send(`/plugins/${encodeURIComponent(positionals[0] ?? '')}`));
    if (output.isJson) output.document(plugin);
    else printPlugin(plugin, output);
    return 0;
  },
};

export const pluginsBuildCommand: Command = {
  name: 'plugins build',
  operands: '<plugin>',
  summary: 'build a plugin now and show what the build printed',
  operandCount: [1, 1],
  options: {},
  optionHelp: {},
  async run({ positionals, output, withApi }) {
    const path = `/plugins/${encodeURIComponent(positionals[0] ?? '')}/build`;
    const built = await withApi('engine', (api) => api.send(path, { method: 'POST', timeoutMs: BUILD_WAIT_MS }));
    if (output.isJson) output.document(built);
    for (const line of textsAt(built, 'buildLog')) output.line(`  ${line}`);
    output.words([textAt(built, 'name'), textAt(built, 'state'), textAt(objectAt(built, 'version'), 'id')]);
    for (const line of problemLines(built)) output.line(`  ${line}`);
    return textAt(built, 'state') === 'ready' ? 0 : 3;
  },
};

/** `ready`, or `ready, quarantined until …` while it is left alone because it kept crashing. */
function stateOf(plugin: JsonValue): string {
  const until = textAt(objectAt(plugin, 'quarantine'), 'until');
  return until === '' ? textAt(plugin, 'state') : `${textAt(plugin, 'state')}, quarantined until ${until}`;
}

/** What is shown of one plugin in a list; all of it is in `plugins show`. */
const NAMES_SHOWN = 3;
const PROBLEMS_SHOWN = 3;

function fewOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length > NAMES_SHOWN ? `${shown} … (${String(names.length)})` : shown;
}

function firstProblems(plugin: JsonValue): readonly string[] {
  const lines = problemLines(plugin);
  const left = lines.length - PROBLEMS_SHOWN;
  const more = left > 0 ? [`… ${String(left)} more: gantry plugins show ${textAt(plugin, 'name')}`] : [];
  return [...lines.slice(0, PROBLEMS_SHOWN), ...more];
}

/** `0.1.0+f8f5c03c9579`: the name stands beside it. */
function shortVersion(version: JsonObject): string {
  return textAt(version, 'id').split('@')[1] ?? '–';
}

const LOG_LINES = 10;

/** `cpus 0.5, memory 128Mi, timeout 30s`: as the manifest has them. */
function limitText(name: string, value: number): string {
  if (name.endsWith('Bytes')) return `${name.slice(0, -5)} ${formatSize(value)}`;
  return name.endsWith('Ms') ? `${name.slice(0, -2)} ${formatDuration(value)}` : `${name} ${String(value)}`;
}

function printPlugin(plugin: JsonValue, output: Output): void {
  const version = objectAt(plugin, 'version');
  const limits = objectAt(version, 'limits');
  output.words([textAt(plugin, 'name'), stateOf(plugin), textAt(version, 'id')]);
  const facts: Record<string, string> = {
    folder: textAt(plugin, 'folder'),
    description: textAt(version, 'description'),
    hooks: textsAt(version, 'hooks').join(', '),
    pipelines: textsAt(version, 'pipelines').join(', '),
    protocol: textAt(version, 'protocol'),
    limits: Object.entries(limits)
      .map(([name, value]) => limitText(name, Number(value)))
      .join(', '),
    secrets: textsAt(version, 'secrets').join(', '),
    image: textAt(version, 'imageTag'),
    quarantine: textAt(objectAt(plugin, 'quarantine'), 'cause'),
  };
  for (const [name, value] of Object.entries(facts)) if (value !== '') output.line(`  ${name.padEnd(12)} ${value}`);
  for (const line of problemLines(plugin)) output.line(`  ${line}`);
  printVersions(plugin, output);
  printDescription(plugin, output);
  const log = textsAt(plugin, 'buildLog');
  if (log.length > 0) output.line('  build log (its end; all of it with --json)');
  for (const line of log.slice(-LOG_LINES)) output.line(`    ${line}`);
}

const VERSIONS_SHOWN = 10;

function printVersions(plugin: JsonValue, output: Output): void {
  const versions = listAt(plugin, 'versions');
  if (versions.length > 0) output.line('  versions (newest first)');
  for (const version of versions.slice(0, VERSIONS_SHOWN)) {
    const image = textAt(version, 'hasImage') === 'true' ? 'has an image' : 'image removed';
    output.line(`    ${textAt(version, 'id')}  ${textAt(version, 'createdAt')}  ${image}`);
  }
}

export const pluginsInvokeCommand: Command = {
  name: 'plugins invoke',
  operands: '<plugin>',
  summary: 'call one plugin alone, outside of any declared pipeline, and show how it ended',
  operandCount: [1, 1],
  options: { ...REQUEST_OPTIONS, ...KEY_OPTION },
  optionHelp: { ...REQUEST_HELP, ...KEY_HELP },
  async run(context) {
    const body = await runRequest(context.options);
    const path = `/plugins/${encodeURIComponent(context.positionals[0] ?? '')}/runs`;
    return await context.withApi('engine', async (api) => {
      await reloadPlugins(api, context.output);
      const started = await api.send(path, { method: 'POST', body, headers: requestHeaders(context.options) });
      const exitCode = await followRun(api, textAt(started, 'id'), context);
      const run = await readRun(api, textAt(started, 'id'), 0);
      const [plugin] = listAt(listAt(run, 'hooks')[0], 'plugins');
      const isGood = ['ok', 'skipped'].includes(textAt(objectAt(plugin, 'outcome'), 'code'));
      if (plugin !== undefined) context.output.line(JSON.stringify(plugin['result'] ?? null));
      return exitCode === 0 && !isGood ? 1 : exitCode;
    });
  },
};
