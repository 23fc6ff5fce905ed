// What a plugin says of itself, for people: its facts, and its settings one line each. Output escapes what is printed.
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { objectAt, textAt } from './json-fields.ts';
import type { Output } from './output.ts';

/** Of one fact; all of it is in the answer of --json. */
const CHARS_MAX = 200;

export function printDescription(plugin: JsonValue, output: Output): void {
  const facts = Object.entries(objectAt(plugin, 'metadata'));
  if (facts.length > 0) output.line('  it says of itself');
  for (const [name, value] of facts) output.line(`    ${cut(name)}: ${cut(textOf(value))}`);
  const schema = objectAt(objectAt(plugin, 'configUi'), 'schema');
  const fields = Object.entries(objectAt(schema, 'properties'));
  if (fields.length > 0) output.line('  settings');
  for (const [name, field] of fields) output.line(`    ${cut(name)}: ${cut(describe(name, field, schema))}`);
}

/** `integer, required, default 10: How many rows.` */
function describe(name: string, field: JsonValue, schema: JsonObject): string {
  const { required } = schema;
  const type = textAt(field, 'type') || 'any';
  const isRequired = Array.isArray(required) && required.includes(name);
  const standard = isJsonObject(field) && field['default'] !== undefined ? textOf(field['default']) : null;
  const words = [type, isRequired ? 'required' : '', standard === null ? '' : `default ${standard}`];
  const said = textAt(field, 'description');
  return `${words.filter((word) => word !== '').join(', ')}${said === '' ? '' : `: ${said}`}`;
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function cut(text: string): string {
  return text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)} …` : text;
}
