// `gantry runs …`: what happened, from the store.
import type { Command } from '../command.ts';
import { readFailureLogs } from '../failure-logs.ts';
import { listAt, millisecondsAt, textAt } from '../json-fields.ts';
import { readRun } from '../follow-run.ts';
import { exitCodeOfRun, originOf, printOrigin, printRun } from '../print-run.ts';
import { queryOf } from '../query-of.ts';
import { RUN_OPERAND_HELP, runIdFrom } from '../run-reference.ts';

const CANCEL_WAIT_S = 30;

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
  examples: ['gantry runs list --state failed,timed_out --limit 5', 'gantry runs list --pipeline orders --json'],
  async run({ options, output, withApi }) {
    const page = await withApi('store', (api) =>
      api.send(`/runs${queryOf(options, ['state', 'pipeline', 'limit', 'after'])}`),
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
  more: [RUN_OPERAND_HELP],
  async run({ positionals, output, withApi }) {
    return await withApi('store', async (api) => {
      const run = await api.send(`/runs/${encodeURIComponent(await runIdFrom(api, positionals[0]))}`);
      if (output.isJson) output.document(run);
      else {
        printRun(run, output, await readFailureLogs(api, run));
        printOrigin(run, output);
      }
      return 0;
    });
  },
};

export const runsCancelCommand: Command = {
  name: 'runs cancel',
  operands: '<run>',
  summary: 'cancel a run and wait until it has ended',
  operandCount: [1, 1],
  options: {},
  optionHelp: {},
  more: [RUN_OPERAND_HELP],
  async run({ positionals, output, withApi }) {
    const run = await withApi('store', async (api) => {
      const id = await runIdFrom(api, positionals[0]);
      await api.send(`/runs/${encodeURIComponent(id)}/cancel`, { method: 'POST' });
      return await readRun(api, id, CANCEL_WAIT_S);
    });
    if (output.isJson) output.document(run);
    else printRun(run, output);
    return exitCodeOfRun(run) === 9 ? 0 : 1;
  },
};
