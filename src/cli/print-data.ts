// The data of a run for people: whole where it is short, else a line per member, each cut. All of it is in --json.
import { isJsonObject, type JsonValue } from '../core/json.ts';
import type { Output } from './output.ts';

/** Characters that fit into one line, or are shown of one member, and members that are shown. */
const LINE_MAX = 160;
const TEXT_MAX = 500;
const MEMBERS_MAX = 12;

export function printData(data: JsonValue, output: Output): void {
  const text = JSON.stringify(data);
  if (text.length <= LINE_MAX) output.line(`  data: ${text}`);
  else if (isJsonObject(data)) printMembers(Object.entries(data), output);
  else output.line(`  data: ${cut(text, TEXT_MAX)}`);
}

function printMembers(members: readonly (readonly [string, JsonValue])[], output: Output): void {
  const rest = members.length - MEMBERS_MAX;
  output.line('  data (all of it with --json)');
  for (const [name, value] of members.slice(0, MEMBERS_MAX))
    output.line(`    ${cutName(name)}: ${cutMember(JSON.stringify(value), value)}`);
  if (rest > 0) output.line(`    … ${String(rest)} more`);
}

function cutMember(text: string, value: JsonValue): string {
  if (text.length <= LINE_MAX) return text;
  const size = Array.isArray(value) ? `${String(value.length)} items` : `${String(text.length)} characters`;
  return `${text.slice(0, LINE_MAX)} … (${size})`;
}

function cutName(name: string): string {
  return name.length > LINE_MAX / 2 ? `${name.slice(0, LINE_MAX / 2)}…` : name;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)} … (all of it with --json)` : text;
}
