// What a plugin says of itself as rows of text. All of it is the plugin's own words: escaped, cut, and never more than a page can carry.
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { ConfigUi } from '../../core/self-description.ts';
import { escapeText } from '../../lib/escape-text.ts';

const ROWS_MAX = 100;
const CHARS_MAX = 500;

export interface FactRow {
  readonly name: string;
  readonly value: string;
}

export interface FieldRow {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** as JSON; empty when it has none */
  readonly standard: string;
  readonly description: string;
}

export function factRows(metadata: JsonObject | null): readonly FactRow[] {
  return Object.entries(metadata ?? {})
    .slice(0, ROWS_MAX)
    .map(([name, value]) => ({ name: shown(name), value: shown(value) }));
}

/** The settings of the plugin, one row each, in the order of the schema. */
export function fieldRows(configUi: ConfigUi | null): readonly FieldRow[] {
  const { properties, required } = configUi?.schema ?? {};
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties)
    .slice(0, ROWS_MAX)
    .map(([name, property]) => {
      const { type, description, default: standard } = isJsonObject(property) ? property : {};
      return {
        name: shown(name),
        type: shown(type),
        isRequired: Array.isArray(required) && required.includes(name),
        standard: standard === undefined ? '' : cut(JSON.stringify(standard)),
        description: shown(description),
      };
    });
}

/** Texts as they are, anything else as JSON. */
function shown(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  return cut(typeof value === 'string' ? value : JSON.stringify(value));
}

function cut(text: string): string {
  const escaped = escapeText(text.slice(0, CHARS_MAX));
  return text.length > CHARS_MAX ? `${escaped} …` : escaped;
}
