// What `run` and `plugins invoke` send: --input becomes context.data, each --param a member of context.params.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { JsonObject } from '../core/json.ts';
import { parseStrictText } from '../core/strict-json.ts';
import { listOption, textOption, type OptionValues } from './command.ts';
import { readInput } from './read-input.ts';

export const REQUEST_OPTIONS = { input: { type: 'string' }, param: { type: 'string', multiple: true } } as const;

export const REQUEST_HELP = {
  'input FILE': 'JSON file that becomes context.data; - reads standard input',
  'param K=V': 'a member of context.params; V is JSON, or else a text; may be repeated',
} as const;

/** @throws GantryError USAGE, INPUT_INVALID */
export async function runRequest(options: OptionValues): Promise<JsonObject> {
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

export const KEY_OPTION = { 'idempotency-key': { type: 'string' } } as const;
export const KEY_HELP = { 'idempotency-key KEY': 'the same key and request give the same run' } as const;

/** Says under which key is asked. */
export function requestHeaders(options: OptionValues): Record<string, string> {
  const key = textOption(options, 'idempotency-key') ?? textOption(options, 'key');
  return key === null ? {} : { 'idempotency-key': key };
}
