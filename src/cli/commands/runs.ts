// `gantry runs …` and `gantry logs`: what happened, from the store.
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonValue } from '../../core/json.ts';
import type { ApiClient } from '../api-client.ts';
import { textOption, type Command, type OptionValues } from '../command.ts';
import { listAt, millisecondsAt, textAt } from '../json-fields.ts';
import { readRun } from '../follow-run.ts';
import type { Output } from '../output.ts';
import { exitCodeOfRun, originOf, printRun } from '../print-run.ts';

const CANCEL_WAIT_S = 30;

function query(options: OptionValues, names: readonly string[]): string {
  const pairs = names.flatMap((name) => {
    const value = textOption(options, name);
    return value === null ? [] : [`${name}=${encodeURIComponent(value)}`];
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

export const runsListCommand: Command = {
  name: 'runs list',
  operands: '',
  summary: 'show the newest runs',
  operandCount: [0, 0],
  options: {
    state: { type: 'string' },
    pipeline: { type: 'string' },
    limit: { type: 'string' },
    after: { type: 'string' },
  },
  optionHelp: {
    'state STATE': 'only runs in this state',
    'pipeline NAME': 'only runs of this pipeline',
    'limit N': 'at most N (1 to 200; 50 unless given)',
    'after RUN': 'go on after this run: the `next` of the page before',
  },
  async run({ options, output, withApi }) {
    const page = await withApi('store', (api) =>
      api.send(`/runs${query(options, ['state', 'pipeline', 'limit', 'after'])}`),
    );
    if (output.isJson) output.document(page);
    else {
      const rows = listAt(page, 'items').map((run) => [
        textAt(run, 'id'),
        textAt(run, 'pipeline'),
        textAt(run, 'state'),
        originOf(run),
        textAt(run, 'createdAt'),
        millisecondsAt(run, 'durationMs'),
        listAt(run, 'waitsFor')
          .map((wait) => `${textAt(wait, 'kind')} of ${textAt(wait, 'hook')}`)
          .join(', '),
      ]);
      if (rows.length === 0) output.line('No runs yet. Start one with: gantry run default');
      else output.table([['RUN', 'PIPELINE', 'STATE', 'TRIGGER', 'CREATED', 'DURATION', 'WAITS FOR'], ...rows]);
      if (textAt(page, 'next') !== '') output.line(`more: gantry runs list --after ${textAt(page, 'next')}`);
    }
    return 0;
  },
};

export const runsShowCommand: Command = {
  name: 'runs show',
  operands: '<run>',
  summary: 'show one run with its hooks, plugins, outcomes and results',
  operandCount: [1, 1],
  options: {},
  optionHelp: {},
  async run({ positionals, output, withApi }) {
    const run = await withApi('store', (api) => api.send(`/runs/${encodeURIComponent(positionals[0] ?? '')}`));
    if (output.isJson) output.document(run);
    else printRun(run, output);
    return 0;
  },
};

export const runsCancelCommand: Command = {
  name: 'runs cancel',
  operands: '<run>',
  summary: 'cancel a run and wait until it has ended',
  operandCount: [1, 1],
  options: {},
  optionHelp: {},
  async run({ positionals, output, withApi }) {
    const id = positionals[0] ?? '';
    const run = await withApi('store', async (api) => {
      await api.send(`/runs/${encodeURIComponent(id)}/cancel`, { method: 'POST' });
      return await readRun(api, id, CANCEL_WAIT_S);
    });
    if (output.isJson) output.document(run);
    else printRun(run, output);
    return exitCodeOfRun(run) === 9 ? 0 : 1;
  },
};

export const logsCommand: Command = {
  name: 'logs',
  operands: '[run]',
  summary: 'show log lines of plugins',
  operandCount: [0, 1],
  options: { plugin: { type: 'string' }, limit: { type: 'string' }, follow: { type: 'boolean', short: 'f' } },
  optionHelp: {
    'plugin NAME': 'only lines of this plugin',
    'limit N': 'at most N lines (1 to 1000; 200 unless given)',
    'follow, -f': 'go on with new lines until stopped',
  },
  async run({ positionals, options, output, stop, withApi }) {
    const [run] = positionals;
    const path = run === undefined ? '/logs' : `/runs/${encodeURIComponent(run)}/logs`;
    const asked = query(options, ['plugin', 'limit']);
    return await withApi('store', async (api) => {
      const first = await api.send(`${path}${asked}`);
      if (output.isJson) output.document(first);
      for (const line of listAt(first, 'items')) output.line(logLine(line));
      if (options['follow'] === true && !output.isJson)
        await followLogs(api, path, textAt(first, 'next'), stop, output);
      return 0;
    });
  },
};

const FOLLOW_MS = 500;

/** Ends with the signal, or, where the logs are of one run, with the run. */
async function followLogs(
  api: ApiClient,
  path: string,
  first: string,
  stop: AbortSignal,
  output: Output,
): Promise<void> {
  const run = path.replace(/\/logs$/, '');
  for (let after = first, isEnded = false; !stop.aborted && !isEnded;) {
    isEnded = run !== '' && textAt(await api.send(run), 'finishedAt') !== '';
    const more = await api.send(`${path}?after=${after}`);
    for (const line of listAt(more, 'items')) output.line(logLine(line));
    after = textAt(more, 'next');
    if (!isEnded) await sleep(FOLLOW_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

function logLine(line: JsonValue): string {
  return `${textAt(line, 'at')}  ${textAt(line, 'level').padEnd(5)}  ${textAt(line, 'plugin')}  ${textAt(line, 'message')}`;
}
