// A run as people read it: state and cause first, then hooks and plugins, warnings last.
import { ERROR_TABLE } from '../core/errors/error-table.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { escapeText } from '../lib/escape-text.ts';
import { listAt, millisecondsAt, objectAt, textAt } from './json-fields.ts';
import type { Output } from './output.ts';

export function printRun(run: JsonValue, output: Output): void {
  output.line(
    `run ${textAt(run, 'id')}  ${textAt(run, 'pipeline')}  ${textAt(run, 'state')}  ${millisecondsAt(run, 'durationMs')}`,
  );
  const failure = objectAt(run, 'failure');
  if (textAt(failure, 'code') !== '') output.line(`  cause: ${placed(failure)}`);
  for (const hook of listAt(run, 'hooks')) {
    output.line(
      `  ${mark(textAt(hook, 'state'))} ${textAt(hook, 'name')}  ${textAt(hook, 'state')}  ${millisecondsAt(hook, 'durationMs')}`,
    );
    for (const plugin of listAt(hook, 'plugins')) output.line(pluginLine(plugin));
  }
  for (const warning of listAt(run, 'warnings')) output.line(`  ! ${placed(warning)}`);
}

function pluginLine(plugin: JsonObject): string {
  const outcome = objectAt(plugin, 'outcome');
  const words = [
    mark(textAt(plugin, 'state')),
    textAt(plugin, 'plugin'),
    textAt(outcome, 'code'),
    millisecondsAt(plugin, 'durationMs'),
  ];
  const message = textAt(plugin, 'state') === 'succeeded' ? '' : `: ${textAt(outcome, 'message')}`;
  return `      ${words.join('  ')}${message}`;
}

function placed(entry: JsonObject): string {
  const place = [textAt(entry, 'hook'), textAt(entry, 'plugin')].filter((part) => part !== '').join(' › ');
  return `${textAt(entry, 'code')}${place === '' ? '' : ` in ${place}`}: ${textAt(entry, 'message')}`;
}

function mark(state: string): string {
  if (state === 'succeeded') return '✓';
  if (state === 'failed' || state === 'timed_out') return '✗';
  return state === 'running' ? '▸' : '·';
}

/** One line for a terminal while the run is under way, already escaped. */
export function progressLine(run: JsonValue): string {
  const hooks = listAt(run, 'hooks');
  const ended = hooks.filter((hook) => textAt(hook, 'state') === 'succeeded').length;
  const running = hooks.find((hook) => textAt(hook, 'state') === 'running');
  const name = running === undefined ? '' : ` ▸ ${textAt(running, 'name')}`;
  return escapeText(`${textAt(run, 'state')} ${String(ended)}/${String(hooks.length)} hooks${name}`);
}

/** 0 succeeded · 1 failed · 9 cancelled · 10 timed out */
export function exitCodeOfRun(run: JsonValue): number {
  switch (textAt(run, 'state')) {
    case 'succeeded':
      return 0;
    case 'cancelled':
      return ERROR_TABLE.CANCELLED.exitCode;
    case 'timed_out':
      return ERROR_TABLE.TIMED_OUT.exitCode;
    default:
      return 1;
  }
}
