// `gantry pipelines …`: what is declared, and a check of a file before it is used.
import { resolve } from 'node:path';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import { loadConfig } from '../../config/load-config.ts';
import { loadDeclared } from '../../compose/load-declared.ts';
import type { Command } from '../command.ts';
import { listAt, textAt, textsAt } from '../json-fields.ts';
import type { Output } from '../output.ts';
import { problemLines } from '../reload-plugins.ts';

export const pipelinesListCommand: Command = {
  name: 'pipelines list',
  operands: '',
  summary: 'show the declared pipelines',
  operandCount: [0, 0],
  options: {},
  optionHelp: {},
  async run({ output, withApi }) {
    const page = await withApi('store', (api) => api.send('/pipelines'));
    if (output.isJson) output.document(page);
    else
      output.table([
        ['PIPELINE', 'HOOKS', 'DESCRIPTION'],
        ...listAt(page, 'items').map((pipeline) => [
          textAt(pipeline, 'name'),
          hooksText(listAt(pipeline, 'hooks')),
          textAt(pipeline, 'description'),
        ]),
      ]);
    tellProblems(page, output);
    return 0;
  },
};

/** Of a pipeline's hooks; a table is read by its lines. */
const HOOKS_SHOWN = 6;

/** Hooks in order with arrows; one that follows others than the one before it names them. */
function hooksText(hooks: readonly JsonObject[]): string {
  const words = hooks.map((hook, index) => {
    const [name, section] = [textAt(hook, 'name'), textAt(hook, 'section')];
    if (section !== '' && section !== 'main') return ` · ${section}: ${name}`;
    const after = textsAt(hook, 'after');
    const before = textAt(hooks[index - 1], 'name');
    const isInOrder = index === 0 ? after.length === 0 : after.length === 1 && after[0] === before;
    if (isInOrder) return index === 0 ? name : ` → ${name}`;
    return `${index === 0 ? '' : ', '}${name} (after ${after.length === 0 ? 'nothing' : after.join(', ')})`;
  });
  const shown = words.slice(0, HOOKS_SHOWN).join('');
  return words.length > HOOKS_SHOWN ? `${shown} … (${String(words.length)} hooks)` : shown;
}

export const pipelinesReloadCommand: Command = {
  name: 'pipelines reload',
  operands: '',
  summary: 'take what was changed in the pipelines file at once, and name every problem',
  operandCount: [0, 0],
  options: {},
  optionHelp: {},
  async run({ output, withApi }) {
    const page = await withApi('store', (api) => api.send('/pipelines/reload', { method: 'POST' }));
    if (output.isJson) output.document(page);
    else
      output.line(
        `in force: ${listAt(page, 'items')
          .map((pipeline) => textAt(pipeline, 'name'))
          .join(', ')}`,
      );
    return tellProblems(page, output) === 0 ? 0 : ERROR_TABLE.PIPELINE_INVALID.exitCode;
  },
};

/** Of a file that was changed and cannot be taken. */
function tellProblems(page: JsonValue, output: Output): number {
  const lines = problemLines(page);
  if (lines.length > 0) output.note('! the pipelines file has problems; what is in force is from before:');
  for (const line of lines) output.note(`    ${line}`);
  return lines.length;
}

export const pipelinesValidateCommand: Command = {
  name: 'pipelines validate',
  operands: '[file]',
  summary: 'check a pipelines file (that of the settings) and name every problem',
  operandCount: [0, 1],
  options: {},
  optionHelp: {},
  async run({ positionals, output, root, environment }) {
    // Without a name the file that the program would take, by the same settings.
    const file = positionals[0] ?? (await loadConfig(root, environment)).config.pipelines.file;
    const pipelines = await loadDeclared(positionals[0] === undefined ? resolve(root, file) : resolve(file), file);
    if (output.isJson) output.document({ file, pipelines: [...pipelines.values()] });
    else output.line(`${file}: ${String(pipelines.size)} pipeline(s), no problems`);
    return 0;
  },
};
