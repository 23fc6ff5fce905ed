// `gantry run`: starts a run and stays with it to its end. Interrupting cancels the run: what was asked for is not left going on.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { JsonObject } from '../../core/json.ts';
import { parseStrictText } from '../../core/strict-json.ts';
import { listOption, textOption, type Command, type OptionValues } from '../command.ts';
import { textAt } from '../json-fields.ts';
import { readInput } from '../read-input.ts';
import { followRun } from '../follow-run.ts';

export const runCommand: Command = {
  name: 'run',
  operands: '<pipeline>',
  summary: 'start a run and wait for its end',
  operandCount: [1, 1],
  options: {
    input: { type: 'string' },
    param: { type: 'string', multiple: true },
    key: { type: 'string' },
  },
  optionHelp: {
    'input FILE': 'JSON file that becomes context.data; - reads standard input',
    'param K=V': 'a member of context.params; V is JSON, or else a text; may be repeated',
    'key KEY': 'idempotency key: the same key and request give the same run',
  },
  async run(context) {
    const request = await requestOf(context.options);
    const [pipeline = ''] = context.positionals;
    return await context.withApi('engine', async (api) => {
      const key = textOption(context.options, 'key');
      const started = await api.send(`/pipelines/${encodeURIComponent(pipeline)}/runs`, {
        method: 'POST',
        body: request,
        headers: { 'gantry-trigger': 'cli', ...(key === null ? {} : { 'idempotency-key': key }) },
      });
      const id = textAt(started, 'id');
      context.output.note(`run ${id} of ${pipeline} is queued`);
      return await followRun(api, id, context);
    });
  },
};

async function requestOf(options: OptionValues): Promise<JsonObject> {
  const input = textOption(options, 'input');
  const params: JsonObject = {};
  for (const pair of listOption(options, 'param')) {
    const at = pair.indexOf('=');
    if (at < 1) throw new GantryError('USAGE', `--param ${pair}: write name=value`);
    const text = pair.slice(at + 1);
    const parsed = parseStrictText(text);
    params[pair.slice(0, at)] = parsed.ok ? parsed.value : text;
  }
  return { params, ...(input === null ? {} : { data: await readInput(input) }) };
}
