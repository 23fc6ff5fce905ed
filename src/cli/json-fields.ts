// Reads members of an API answer without trusting its shape: a missing one reads as empty, never as an exception.
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';

export function objectAt(value: JsonValue | undefined, key: string): JsonObject {
  const member = value !== undefined && isJsonObject(value) ? value[key] : undefined;
  return member !== undefined && isJsonObject(member) ? member : {};
}

export function listAt(value: JsonValue | undefined, key: string): readonly JsonObject[] {
  const member = value !== undefined && isJsonObject(value) ? value[key] : undefined;
  return Array.isArray(member) ? member.filter(isJsonObject) : [];
}

/** The member as text: numbers in full, nothing for null and for what is no scalar. */
export function textAt(value: JsonValue | undefined, key: string): string {
  const member = value !== undefined && isJsonObject(value) ? value[key] : undefined;
  if (typeof member === 'string') return member;
  return typeof member === 'number' || typeof member === 'boolean' ? String(member) : '';
}

/** The texts of a list. */
export function textsAt(value: JsonValue | undefined, key: string): readonly string[] {
  const member = value !== undefined && isJsonObject(value) ? value[key] : undefined;
  return Array.isArray(member) ? member.filter((one) => typeof one === 'string') : [];
}

/** Milliseconds as `45 ms` or `1.2 s`; a dash when there are none. */
export function millisecondsAt(value: JsonValue | undefined, key: string): string {
  const member = value !== undefined && isJsonObject(value) ? value[key] : undefined;
  if (typeof member !== 'number') return '–';
  return member < 1000 ? `${member.toFixed(0)} ms` : `${(member / 1000).toFixed(1)} s`;
}
