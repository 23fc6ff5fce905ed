// `gantry pipelines …`: what is declared, and a check of a file before it is used.
import { join, resolve } from 'node:path';
import { loadPipelines } from '../../config/load-pipelines.ts';
import type { Command } from '../command.ts';
import { listAt, textAt } from '../json-fields.ts';

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
          listAt(pipeline, 'hooks')
            .map((hook) => textAt(hook, 'name'))
            .join(' → '),
          textAt(pipeline, 'description'),
        ]),
      ]);
    return 0;
  },
};

export const pipelinesValidateCommand: Command = {
  name: 'pipelines validate',
  operands: '[file]',
  summary: 'check a pipelines file and name every problem',
  operandCount: [0, 1],
  options: {},
  optionHelp: {},
  async run({ positionals, output, root }) {
    const file = positionals[0] ?? join('config', 'pipelines.yaml');
    const pipelines = await loadPipelines(positionals[0] === undefined ? join(root, file) : resolve(file), file);
    if (output.isJson) output.document({ file, pipelines: [...pipelines.values()] });
    else output.line(`${file}: ${String(pipelines.size)} pipeline(s), no problems`);
    return 0;
  },
};
