// `gantry plugins …`: what is installed and built, and a call past any pipeline.
import type { JsonValue } from '../../core/json.ts';
import { textOption, type Command } from '../command.ts';
import { listAt, objectAt, textAt } from '../json-fields.ts';
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
  summary: 'call one plugin once, outside of any pipeline, and show its outcome',
  operandCount: [1, 1],
  options: { input: { type: 'string' }, hook: { type: 'string' } },
  optionHelp: {
    'input FILE': 'JSON file that becomes context.data',
    'hook NAME': 'hook to call it for; its first one unless given',
  },
  async run({ positionals, options, output, withApi }) {
    const input = textOption(options, 'input');
    const hook = textOption(options, 'hook');
    const body = { ...(input === null ? {} : { data: await readInput(input) }), ...(hook === null ? {} : { hook }) };
    const path = `/plugins/${encodeURIComponent(positionals[0] ?? '')}/invoke`;
    const ended = await withApi('engine', (api) => api.send(path, { method: 'POST', body, timeoutMs: BUILD_WAIT_MS }));
    const outcome = objectAt(ended, 'outcome');
    if (output.isJson) output.document(ended);
    else {
      output.line(`${textAt(outcome, 'code')}: ${textAt(outcome, 'message')}`);
      output.line(JSON.stringify((ended as Record<string, JsonValue>)['result'] ?? null));
    }
    return ['ok', 'skipped'].includes(textAt(outcome, 'code')) ? 0 : 1;
  },
};
