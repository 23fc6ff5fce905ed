// JSON as types. Objects that come from outside are built with a null prototype, so nothing here relies on Object.prototype.

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** A JSON object; keys are hostile strings. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** True for a JSON object, false for arrays, null and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
