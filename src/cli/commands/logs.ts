// `gantry logs`: what plugins said, of one run or of all, and what they say from now on.
import { setTimeout as sleep } from 'node:timers/promises';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { JsonValue } from '../../core/json.ts';
import type { ApiClient } from '../api-client.ts';
import type { Command, CommandContext } from '../command.ts';
import { listAt, textAt } from '../json-fields.ts';
import type { Output } from '../output.ts';
import { queryOf } from '../query-of.ts';
import { RUN_OPERAND_HELP, runIdFrom } from '../run-reference.ts';

const SHOW_LOGS = {
  summary: 'show log lines of plugins',
  options: { plugin: { type: 'string' }, limit: { type: 'string' }, follow: { type: 'boolean', short: 'f' } },
  optionHelp: {
    'plugin NAME': 'only lines of this plugin',
    'limit N': 'at most N lines (1 to 1000; 500 unless given)',
    'follow, -f': 'go on with new lines until stopped, or until the run has ended',
  },
  more: [RUN_OPERAND_HELP],
  run: showLogs,
} as const;

export const logsCommand: Command = { ...SHOW_LOGS, name: 'logs', operands: '[run]', operandCount: [0, 1] };

/** The same, where somebody looks for it who has a run at hand. */
export const runsLogsCommand: Command = { ...SHOW_LOGS, name: 'runs logs', operands: '<run>', operandCount: [1, 1] };

async function showLogs({ positionals, options, output, stop, withApi }: CommandContext): Promise<number> {
  const isFollowed = options['follow'] === true;
  if (isFollowed && output.isJson) throw new GantryError('USAGE', '--follow has no end, and --json is one document');
  return await withApi('store', async (api) => {
    const run = positionals[0] === undefined ? null : await runIdFrom(api, positionals[0]);
    const path = run === null ? '/logs' : `/runs/${encodeURIComponent(run)}/logs`;
    const page = await api.send(`${path}${queryOf(options, ['plugin', 'limit'])}`);
    const lines = listAt(page, 'items');
    if (output.isJson) output.document(page);
    for (const line of lines) printLine(line, output);
    const followed = { run, path, plugin: queryOf(options, ['plugin']).replace('?', '&') };
    if (isFollowed) await followLogs(api, followed, textAt(page, 'next'), { stop, output }).catch(unlessStopped(stop));
    else if (lines.length === 0 && !output.isJson) output.note('No log lines.');
    return 0;
  });
}

const FOLLOW_MS = 500;

interface Followed {
  readonly run: string | null;
  readonly path: string;
  /** of the query; nothing when all plugins are shown */
  readonly plugin: string;
}

/** Ends with the signal, or, where the logs are of one run, with the run. */
async function followLogs(
  api: ApiClient,
  { run, path, plugin }: Followed,
  first: string,
  { stop, output }: Pick<CommandContext, 'stop' | 'output'>,
): Promise<void> {
  for (let after = first, isEnded = false; !stop.aborted && !isEnded;) {
    isEnded = run !== null && textAt(await api.send(`/runs/${encodeURIComponent(run)}`), 'finishedAt') !== '';
    const more = await api.send(`${path}?after=${after}${plugin}`);
    for (const line of listAt(more, 'items')) printLine(line, output);
    after = textAt(more, 'next');
    if (!isEnded) await sleep(FOLLOW_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** Being stopped is how following ends; whatever else happens is an error. */
function unlessStopped(stop: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!stop.aborted) throw error;
  };
}

function printLine(line: JsonValue, output: Output): void {
  output.words([textAt(line, 'at'), textAt(line, 'level').padEnd(5), textAt(line, 'plugin'), textAt(line, 'message')]);
}
