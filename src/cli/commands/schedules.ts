// `gantry schedules …`: what is due when, and the switch that stops a schedule until it is turned on again.
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { ApiClient } from '../api-client.ts';
import { textOption, type Command } from '../command.ts';
import { listAt, textAt } from '../json-fields.ts';
import type { Output } from '../output.ts';

export const schedulesListCommand: Command = {
  name: 'schedules list',
  operands: '',
  summary: 'show the schedules of all pipelines, and when each is due next',
  operandCount: [0, 0],
  options: {},
  optionHelp: {},
  async run({ output, withApi }) {
    const page = await withApi('store', (api) => api.send('/schedules?count=1'));
    if (output.isJson) output.document(page);
    else printAll(listAt(page, 'items'), output);
    return 0;
  },
};

function printAll(schedules: readonly JsonObject[], output: Output): void {
  if (schedules.length === 0) {
    output.line('No schedule is declared: see triggers in docs/triggers.md');
    return;
  }
  const rows = schedules.map((schedule) => [
    textAt(schedule, 'id'),
    textAt(schedule, 'cron'),
    textAt(schedule, 'timezone'),
    textAt(schedule, 'lastTickAt') || '–',
    nextOf(schedule),
  ]);
  output.table([['SCHEDULE', 'CRON', 'ZONE', 'LAST', 'NEXT'], ...rows]);
}

function nextOf(schedule: JsonObject): string {
  const by = textAt(schedule, 'pausedBy');
  return textAt(schedule, 'isPaused') === 'true' ? `paused by ${by}` : textAt(schedule, 'nextAt') || 'never again';
}

export const schedulesNextCommand: Command = {
  name: 'schedules next',
  operands: '<pipeline>/<name>',
  summary: 'show the next times of a schedule',
  operandCount: [1, 1],
  options: { count: { type: 'string' } },
  optionHelp: { 'count N': 'so many times (1 to 100; 5 unless given)' },
  async run({ positionals, options, output, withApi }) {
    const count = textOption(options, 'count') ?? '5';
    const path = `${pathOf(positionals[0])}?count=${encodeURIComponent(count)}`;
    const schedule = await withApi('store', (api) => api.send(path));
    if (output.isJson) output.document(schedule);
    else for (const time of timesOf(schedule)) output.line(time);
    if (textAt(schedule, 'isPaused') === 'true') output.note(`it is paused by ${textAt(schedule, 'pausedBy')}`);
    return 0;
  },
};

function timesOf(schedule: JsonValue): readonly string[] {
  const times =
    schedule !== null && typeof schedule === 'object' && 'nextTimes' in schedule ? schedule['nextTimes'] : [];
  return Array.isArray(times) ? times.filter((time) => typeof time === 'string') : [];
}

export const schedulesPauseCommand = switchCommand('pause', 'stop a schedule until it is resumed, also over restarts');
export const schedulesResumeCommand = switchCommand('resume', 'let a paused schedule go on from now');

function switchCommand(word: 'pause' | 'resume', summary: string): Command {
  return {
    name: `schedules ${word}`,
    operands: '<pipeline>/<name>',
    summary,
    operandCount: [1, 1],
    options: {},
    optionHelp: {},
    async run({ positionals, output, withApi }) {
      const schedule = await withApi('store', (api) => change(api, `${pathOf(positionals[0])}/${word}`));
      if (output.isJson) output.document(schedule);
      else output.line(lineOf(schedule));
      return 0;
    },
  };
}

async function change(api: ApiClient, path: string): Promise<JsonValue> {
  return await api.send(path, { method: 'POST' });
}

function lineOf(schedule: JsonValue): string {
  const id = textAt(schedule, 'id');
  if (textAt(schedule, 'isPaused') === 'true') return `${id} is paused by ${textAt(schedule, 'pausedBy')}`;
  return `${id} is due next at ${textAt(schedule, 'nextAt')}`;
}

/** @throws GantryError USAGE */
function pathOf(id = ''): string {
  const [pipeline = '', name = '', ...more] = id.split('/');
  if (pipeline === '' || name === '' || more.length > 0)
    throw new GantryError('USAGE', `${JSON.stringify(id)}: write <pipeline>/<name>, as in gantry schedules list`);
  return `/schedules/${encodeURIComponent(pipeline)}/${encodeURIComponent(name)}`;
}
