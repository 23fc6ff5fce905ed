// `gantry runs retry`, `gantry runs replay` and `gantry redrive`: new runs from ended ones.
import type { JsonObject } from '../../core/json.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { ApiClient } from '../api-client.ts';
import { listOption, textOption, type Command, type CommandContext, type OptionValues } from '../command.ts';
import { followRun } from '../follow-run.ts';
import { listAt, textAt } from '../json-fields.ts';
import { reloadPlugins } from '../reload-plugins.ts';
import { REQUEST_OPTIONS, runRequest } from '../run-request.ts';
import { RUN_OPERAND_HELP, runIdFrom } from '../run-reference.ts';

const KEY_HELP = { 'key KEY': 'idempotency key: the same key and request give the same run' } as const;
const REDRIVE_WAIT_MS = 600_000;

export const runsRetryCommand: Command = {
  name: 'runs retry',
  operands: '<run>',
  summary: 'go on where a run failed, in a new run, and wait for its end',
  operandCount: [1, 1],
  options: { key: { type: 'string' } },
  optionHelp: { ...KEY_HELP },
  more: [RUN_OPERAND_HELP],
  run: (context) => startFrom(context, 'retry', {}),
};

export const runsReplayCommand: Command = {
  name: 'runs replay',
  operands: '<run>',
  summary: 'run an ended run again, from any hook, in a new run, and wait for its end',
  operandCount: [1, 1],
  options: {
    ...REQUEST_OPTIONS,
    from: { type: 'string' },
    plugin: { type: 'string', multiple: true },
    key: { type: 'string' },
  },
  optionHelp: {
    'from HOOK': 'take over what the hooks before it left, and run it and what follows it again',
    'input FILE':
      'JSON file in place of the data that the first hook to be run again began with; - reads standard input',
    'plugin NAME@VERSION':
      'use this version of the plugin in place of the one that serves: 1.2.0, or 1.2.0+0123456789ab; may be repeated',
    'param K=V': 'a member of params in place of the run’s own; the others stay; may be repeated',
    ...KEY_HELP,
  },
  more: [RUN_OPERAND_HELP],
  examples: [
    'gantry runs replay last',
    'gantry runs replay last --from book --param day=2026-01-31',
    'gantry runs replay last --plugin word_count@0.1.0',
  ],
  async run(context) {
    const { params, data } = await runRequest(context.options);
    const from = textOption(context.options, 'from');
    return await startFrom(context, 'replay', {
      ...(params === undefined ? {} : { params }),
      ...(data === undefined ? {} : { data }),
      ...(from === null ? {} : { from }),
      ...readVersions(listOption(context.options, 'plugin')),
    });
  },
};

function readVersions(texts: readonly string[]): JsonObject {
  const pluginVersions: JsonObject = {};
  for (const text of texts) {
    const [name = '', version = '', ...more] = text.split('@');
    if (name === '' || version === '' || more.length > 0)
      throw new GantryError('USAGE', `--plugin ${text}: write name@version`);
    pluginVersions[name] = version;
  }
  return texts.length === 0 ? {} : { pluginVersions };
}

async function startFrom(context: CommandContext, verb: 'retry' | 'replay', body: JsonObject): Promise<number> {
  const { options, output, positionals, withApi } = context;
  const key = textOption(options, 'key');
  return await withApi('engine', async (api) => {
    const origin = await runIdFrom(api, positionals[0]);
    await reloadPlugins(api, output);
    const started = await api.send(`/runs/${encodeURIComponent(origin)}/${verb}`, {
      method: 'POST',
      body,
      headers: key === null ? {} : { 'idempotency-key': key },
    });
    const id = textAt(started, 'id');
    output.note(`${id} is queued: ${verb} of ${origin}`);
    return await followRun(api, id, context);
  });
}

export const redriveCommand: Command = {
  name: 'redrive',
  operands: '',
  summary: 'retry failed runs by a filter; one that was retried already is passed over',
  operandCount: [0, 0],
  options: {
    ...{ pipeline: { type: 'string' }, state: { type: 'string' }, code: { type: 'string' } },
    ...{ since: { type: 'string' }, until: { type: 'string' }, after: { type: 'string' }, limit: { type: 'string' } },
    'dry-run': { type: 'boolean' },
  },
  optionHelp: {
    'pipeline NAME': 'only runs of this pipeline',
    'state STATE': 'failed, timed_out or cancelled; several with commas (failed,timed_out unless given)',
    'code CODE': 'only runs that failed with this code',
    'since TIME': 'only runs made at or after it (2026-01-31T08:00:00Z)',
    'until TIME': 'only runs made before it',
    'after RUN': 'go on after this run: the `next` of the redrive before',
    'limit N': 'retry at most N (1 to 1000; 100 unless given)',
    'dry-run': 'only say which would be retried',
  },
  examples: ['gantry redrive --pipeline orders --code timeout --since 2026-01-31T08:00:00Z --dry-run'],
  async run({ options, output, withApi }) {
    const body = readRedrive(options);
    const send = (api: ApiClient) => api.send('/redrive', { method: 'POST', body, timeoutMs: REDRIVE_WAIT_MS });
    const report = await withApi(body['dryRun'] === true ? 'store' : 'engine', send);
    if (output.isJson) {
      output.document(report);
      return 0;
    }
    const rows = listAt(report, 'items').map((item) => [textAt(item, 'run'), textAt(item, 'code'), verdictOf(item)]);
    if (rows.length === 0) output.line('No run fits.');
    else output.table([['RUN', 'CODE', 'RETRY'], ...rows]);
    const verb = body['dryRun'] === true ? 'would be retried' : 'retried';
    output.line(`${textAt(report, 'retried')} ${verb}.`);
    const next = textAt(report, 'next');
    const why = textAt(report, 'isStopped') === 'true' ? 'the queue is full; later' : 'more';
    if (next !== '') output.line(`${why}: gantry redrive --after ${next} …`);
    return 0;
  },
};

function verdictOf(item: JsonObject): string {
  const skipped = textAt(item, 'skipped');
  if (skipped === '') return textAt(item, 'retry') || 'would be made';
  return skipped === 'refused' ? `refused: ${textAt(item, 'refusal')}` : `skipped: ${skipped}`;
}

function readRedrive(options: OptionValues): JsonObject {
  const body: JsonObject = { dryRun: options['dry-run'] === true };
  for (const name of ['pipeline', 'code', 'since', 'until', 'after']) {
    const value = textOption(options, name);
    if (value !== null) body[name] = value;
  }
  const state = textOption(options, 'state');
  if (state !== null) body['state'] = state.split(',');
  const limit = textOption(options, 'limit');
  if (limit === null) return body;
  if (!/^\d{1,4}$/.test(limit)) throw new GantryError('USAGE', `--limit ${limit}: write a whole number`);
  return { ...body, limit: Number(limit) };
}
