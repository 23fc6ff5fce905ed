// Compares an answer with what a fixture expects of it. The first difference is told with its path.
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { InvocationEnd } from '../../core/ports/invoker.ts';
import type { Fixture } from './fixture.ts';

const SHOWN_MAX = 120;
const CODES = { success: 'ok', skipped: 'skipped', error: 'plugin_error' } as const;

/** Null when the end is what was expected. */
export function whyUnexpected(
  { outcome, result }: Pick<InvocationEnd, 'outcome' | 'result'>,
  { expect }: Fixture,
): string | null {
  const { status, code, data } = expect;
  if (outcome.code !== CODES[status]) return `expected ${status}, got ${tellOutcome(outcome)}`;
  if (code !== undefined && (outcome.code !== 'plugin_error' || outcome.pluginCode !== code))
    return `expected the error code ${code}, got ${tellOutcome(outcome)}`;
  return data === undefined ? null : difference(data, result, 'data');
}

/** `timeout: the time … was up`, with the detail that the code has. */
export function tellOutcome(outcome: Outcome): string {
  if (outcome.code === 'plugin_error') return `the error ${outcome.pluginCode}: ${outcome.message}`;
  const kind = outcome.code === 'protocol' ? `protocol/${outcome.violation}` : outcome.code;
  const seen = outcome.code === 'protocol' && outcome.seen !== '' ? ` (seen: ${outcome.seen})` : '';
  return outcome.message === '' ? kind : `${kind}: ${outcome.message}${seen}`;
}

/** Members that are not named do not count; lists and scalars must be equal. */
function difference(wanted: JsonValue, found: JsonValue | undefined, path: string): string | null {
  if (isJsonObject(wanted)) {
    if (!isJsonObject(found)) return differs(wanted, found, path);
    return firstOf(Object.entries(wanted), ([key, value]) => difference(value, found[key], `${path}.${key}`));
  }
  if (!Array.isArray(wanted)) return wanted === found ? null : differs(wanted, found, path);
  if (!Array.isArray(found) || found.length !== wanted.length) return differs(wanted, found, path);
  return firstOf([...wanted.entries()], ([index, value]) =>
    difference(value, found[index], `${path}[${String(index)}]`),
  );
}

function firstOf<T>(items: readonly T[], look: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = look(item);
    if (found !== null) return found;
  }
  return null;
}

function differs(wanted: JsonValue, found: JsonValue | undefined, path: string): string {
  return `${path}: expected ${shown(wanted)}, got ${found === undefined ? 'nothing' : shown(found)}`;
}

function shown(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
