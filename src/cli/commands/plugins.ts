// `gantry plugins …`: what is installed and built, and a call past any pipeline.
import type { JsonValue } from '../../core/json.ts';
import { textOption, type Command } from '../command.ts';
import { listAt, objectAt, textAt } from '../json-fields.ts';
import { followRun, readRun } from '../follow-run.ts';
import { readInput } from '../read-input.ts';

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
        textAt(plugin, 'state'),
        textAt(objectAt(plugin, 'version'), 'id'),
      ]);
      if (rows.length === 0) output.line('No plugins yet. Copy plugins/sample_plugin to begin.');
      else output.table([['PLUGIN', 'STATE', 'VERSION'], ...rows]);
      for (const plugin of listAt(page, 'items'))
        for (const problem of listAt(plugin, 'problems'))
          output.line(`${textAt(plugin, 'name')}: ${textAt(problem, 'code')}: ${textAt(problem, 'message')}`);
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
    else
      output.line(
        `${textAt(plugin, 'name')}  ${textAt(plugin, 'state')}  ${textAt(objectAt(plugin, 'version'), 'id')}`,
      );
    for (const problem of listAt(plugin, 'problems'))
      output.line(`  ${textAt(problem, 'file')}: ${textAt(problem, 'code')}: ${textAt(problem, 'message')}`);
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
    for (const line of objectLines(built)) output.line(`  ${line}`);
    output.line(`${textAt(built, 'name')}  ${textAt(built, 'state')}  ${textAt(objectAt(built, 'version'), 'id')}`);
    for (const problem of listAt(built, 'problems'))
      output.line(`  ${textAt(problem, 'code')}: ${textAt(problem, 'message')}`);
    return textAt(built, 'state') === 'ready' ? 0 : 3;
  },
};

function objectLines(built: JsonValue): readonly string[] {
  const log = typeof built === 'object' && built !== null && !Array.isArray(built) ? built['buildLog'] : undefined;
  return Array.isArray(log) ? log.filter((line) => typeof line === 'string') : [];
}

export const pluginsInvokeCommand: Command = {
  name: 'plugins invoke',
  operands: '<plugin>',
  summary: 'call one plugin alone, outside of any declared pipeline, and show how it ended',
  operandCount: [1, 1],
  options: { input: { type: 'string' } },
  optionHelp: { 'input FILE': 'JSON file that becomes context.data; - reads standard input' },
  async run(context) {
    const input = textOption(context.options, 'input');
    const body = input === null ? {} : { data: await readInput(input) };
    const path = `/plugins/${encodeURIComponent(context.positionals[0] ?? '')}/runs`;
    return await context.withApi('engine', async (api) => {
      const started = await api.send(path, { method: 'POST', body, headers: { 'gantry-trigger': 'cli' } });
      const exitCode = await followRun(api, textAt(started, 'id'), context);
      const run = await readRun(api, textAt(started, 'id'), 0);
      const [plugin] = listAt(listAt(run, 'hooks')[0], 'plugins');
      const isGood = ['ok', 'skipped'].includes(textAt(objectAt(plugin, 'outcome'), 'code'));
      if (plugin !== undefined) context.output.line(JSON.stringify(plugin['result'] ?? null));
      return exitCode === 0 && !isGood ? 1 : exitCode;
    });
  },
};
