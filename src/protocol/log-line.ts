// One line of stderr as a log line. The SDKs write {"level","message","fields"} objects; anything else is a plain line of level info.
// The text is hostile: the caller escapes it afterwards.
import { isJsonObject, type JsonValue } from '../core/json.ts';
import { parseStrictText } from '../core/strict-json.ts';
import type { PluginLogLine } from '../core/ports/invoker.ts';

type Level = PluginLogLine['level'];
const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

export function readLogLine(text: string): PluginLogLine {
  const plain: PluginLogLine = { level: 'info', message: text };
  if (!text.startsWith('{"')) return plain;
  const parsed = parseStrictText(text, 16);
  if (!parsed.ok || !isJsonObject(parsed.value)) return plain;
  const { level, message, fields } = parsed.value;
  const known = LEVELS.find((name) => name === level);
  if (known === undefined || typeof message !== 'string') return plain;
  return { level: known, message: withFields(message, fields) };
}

/** The message with ` name=value` for each field behind it. */
export function withFields(message: string, fields: JsonValue | undefined): string {
  if (!isJsonObject(fields)) return message;
  const written = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return message + written.join('');
}
