// A run as people read it: state and cause first, then hooks and plugins, warnings last.
import { ERROR_TABLE } from '../core/errors/error-table.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { escapeText } from '../lib/escape-text.ts';
import { messageBeside, NO_LOGS, type FailureLogs } from './failure-logs.ts';
import { listAt, millisecondsAt, objectAt, textAt } from './json-fields.ts';
import type { Output } from './output.ts';
import { printData } from './print-data.ts';

/** Items of a hook, those of it that failed, and warnings: so many of each are shown. */
const ITEMS_SHOWN = 10;

/** Characters of the params. */
const PARAMS_MAX = 200;

/** @param logs what is shown under plugins that failed */
export function printRun(run: JsonValue, output: Output, logs: FailureLogs = NO_LOGS): void {
  output.words([
    ...[textAt(run, 'id'), textAt(run, 'pipeline'), textAt(run, 'state'), millisecondsAt(run, 'durationMs')],
    ...softFailures(run),
  ]);
  if (textAt(run, 'source') !== '') output.line(`  started by ${originOf(run)}`);
  printLineage(run, output);
  const failure = objectAt(run, 'failure');
  if (textAt(failure, 'code') !== '') output.line(`  cause: ${placed(failure)}`);
  for (const hook of listAt(run, 'hooks')) printHook(hook, output, logs);
  printWarnings(run, output);
  const data = isJsonObject(run) ? (run['data'] ?? null) : null;
  if (data !== null) printData(data, output);
}

function printWarnings(run: JsonValue, output: Output): void {
  const warnings = listAt(run, 'warnings').filter((one) => !isToldByPlugin(one, run));
  for (const warning of warnings.slice(0, ITEMS_SHOWN)) output.line(`  ! ${placed(warning)}`);
  if (warnings.length > ITEMS_SHOWN)
    output.aside(`    … ${String(warnings.length - ITEMS_SHOWN)} more warnings (--json)`);
}

/** When it was made and by what, and its params: for somebody who looks it up. */
export function printOrigin(run: JsonValue, output: Output): void {
  const params = JSON.stringify(objectAt(run, 'params'));
  output.aside(`  created ${textAt(run, 'createdAt')} by ${originOf(run)}`);
  if (params !== '{}') output.aside(`  params ${params.slice(0, PARAMS_MAX)}${params.length > PARAMS_MAX ? ' …' : ''}`);
}

/** Plugins whose failure did not fail the run: its state alone would hide them. */
function softFailures(run: JsonValue): readonly string[] {
  const plugins = listAt(run, 'hooks').flatMap((hook) => listAt(hook, 'plugins'));
  const failed = plugins.filter((plugin) => textAt(plugin, 'state') === 'failed').length;
  if (failed === 0 || textAt(run, 'state') !== 'succeeded') return [];
  return [failed === 1 ? 'but 1 plugin failed' : `but ${String(failed)} plugins failed`];
}

/** `schedule nightly`, or the kind of the trigger alone. */
export function originOf(run: JsonValue): string {
  return [textAt(run, 'trigger'), textAt(run, 'source')].filter((part) => part !== '').join(' ');
}

const MADE: Readonly<Record<string, string>> = { retry: 'retry', replay: 'replay', run: 'sub-run' };

/** What it was made from, and what was made from it. */
function printLineage(run: JsonValue, output: Output): void {
  const lineage = objectAt(run, 'lineage');
  const kind = textAt(lineage, 'kind');
  if (kind !== '') {
    const hook = textAt(lineage, 'hook');
    const removed = textAt(run, 'isOriginRemoved') === 'true' ? ' (removed)' : '';
    const settings = objectAt(lineage, 'settings');
    const chosen = objectAt(lineage, 'pluginVersions');
    const versions = Object.keys(chosen).map(
      (name) => `${textAt(chosen, name)}${name in settings ? ` (settings ${textAt(settings, name)})` : ''}`,
    );
    const asked = versions.length === 0 ? '' : ` with ${versions.join(', ')}`;
    const place = textAt(lineage, 'editedAt');
    const edited = place === '' ? '' : ` with other data for ${place}`;
    const from = hook === '' ? '' : ` from ${hook}`;
    output.line(`  ${MADE[kind] ?? kind} of ${textAt(lineage, 'run')}${removed}${from}${edited}${asked}`);
  }
  for (const one of listAt(run, 'descendants'))
    output.line(`  made from it: ${MADE[textAt(one, 'kind')] ?? ''} ${textAt(one, 'run')}  ${textAt(one, 'state')}`);
}

function printHook(hook: JsonObject, output: Output, logs: FailureLogs): void {
  const state = textAt(hook, 'state');
  const section = textAt(hook, 'section');
  const place = section === '' || section === 'main' ? '' : ` (${section})`;
  const note = textAt(hook, 'note');
  const origin = textAt(hook, 'reusedFrom');
  const words = [
    `${textAt(hook, 'name')}${place}`,
    state,
    ...(note === '' ? [] : [note]),
    millisecondsAt(hook, 'durationMs'),
    ...(origin === '' ? [] : [`from ${origin}`]),
  ];
  const [name = '', ...more] = words;
  output.words([`  ${mark(state)} ${name}`, ...more]);
  const told = approvalText(objectAt(hook, 'approval'));
  if (told !== '') output.line(`      ${told}`);
  if (textAt(hook, 'child') !== '') output.line(`      run ${textAt(hook, 'child')}`);
  for (const plugin of pluginsShown(hook, output)) printPlugin(plugin, output, logs);
}

/** Of a hook with many items, the first, and the first of those behind them that failed. */
function pluginsShown(hook: JsonObject, output: Output): readonly JsonObject[] {
  const plugins = listAt(hook, 'plugins');
  const begun = textAt(objectAt(hook, 'items'), 'begun');
  if (begun === '') return plugins;
  const behind = plugins.slice(ITEMS_SHOWN).filter((plugin) => textAt(plugin, 'state') === 'failed');
  const left = behind.length - ITEMS_SHOWN;
  output.line(`      ${begun} items${left > 0 ? `; of those that failed, ${String(left)} more are in --json` : ''}`);
  return [...plugins.slice(0, ITEMS_SHOWN), ...behind.slice(0, ITEMS_SHOWN)];
}

function approvalText(approval: JsonObject): string {
  const decided = objectAt(approval, 'decided');
  const decision = textAt(decided, 'decision');
  if (decision === '')
    return textAt(approval, 'askedAt') === '' ? '' : `waits for a decision until ${textAt(approval, 'timeoutAt')}`;
  const comment = textAt(decided, 'comment');
  return `${decision} by ${textAt(decided, 'by')}${comment === '' ? '' : `: ${comment}`}`;
}

function printPlugin(plugin: JsonObject, output: Output, logs: FailureLogs): void {
  const lines = logs.get(textAt(plugin, 'invocation')) ?? [];
  output.words(pluginWords(plugin, lines));
  for (const line of lines) output.aside(`          ${line}`);
}

function pluginWords(plugin: JsonObject, logged: readonly string[]): readonly string[] {
  const outcome = objectAt(plugin, 'outcome');
  const state = textAt(plugin, 'state');
  const code = textAt(outcome, 'code');
  const transport = textAt(plugin, 'transport');
  const item = textAt(plugin, 'item');
  const message = state === 'succeeded' || code === '' ? '' : messageBeside(textAt(outcome, 'message'), logged);
  return [
    `      ${mark(state)}`,
    `${textAt(plugin, 'plugin')}${item === '' ? '' : `[${item}]`}`,
    code === '' ? state : code,
    millisecondsAt(plugin, 'durationMs'),
    ...(transport === '' ? [] : [`by ${transport}`]),
    ...(message === '' ? [] : [message]),
  ];
}

/** A plugin's soft failure is a warning of the run, too: its own line says it already. */
function isToldByPlugin(warning: JsonObject, run: JsonValue): boolean {
  return listAt(run, 'hooks').some((hook) =>
    listAt(hook, 'plugins').some(
      (plugin) =>
        textAt(plugin, 'plugin') === textAt(warning, 'plugin') &&
        textAt(objectAt(plugin, 'outcome'), 'code') === textAt(warning, 'code'),
    ),
  );
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
  const name = running === undefined ? '' : ` ▸ ${textAt(running, 'name')}${pluginProgress(running)}`;
  return escapeText(`${textAt(run, 'state')} ${String(ended)}/${String(hooks.length)} hooks${name}`);
}

/** The first plugin of a hook that says how far it is. */
function pluginProgress(hook: JsonObject): string {
  const plugin = listAt(hook, 'plugins').find((one) => textAt(objectAt(one, 'progress'), 'done') !== '');
  const progress = objectAt(plugin, 'progress');
  if (plugin === undefined) return '';
  const [done, total, message] = ['done', 'total', 'message'].map((key) => textAt(progress, key));
  return ` ▸ ${textAt(plugin, 'plugin')} ${done ?? ''}${total === '' ? '' : `/${total ?? ''}`} ${message ?? ''}`.trimEnd();
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
