// JSON as types. Objects that come from outside are built with a null prototype, so nothing here relies on Object.prototype.

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** A JSON object; keys are hostile strings. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** A copy that is what its text would be read back as, so long as that is no deeper than the stack: objects with a null prototype. */
export function copyJson(value: JsonValue): JsonValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson);
  const copy = Object.create(null) as JsonObject;
  for (const key of Object.keys(value)) copy[key] = copyJson(value[key] ?? null);
  return copy;
}

/** True for a JSON object, false for arrays, null and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for equal values; of objects the order of the keys does not count. Recurses as deep as the values, so they must be bounded. */
export function isSameJson(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, index) => isSameJson(value, right[index] ?? null));
  }
  return isJsonObject(left) && isJsonObject(right) && isSameObject(left, right);
}

function isSameObject(left: JsonObject, right: JsonObject): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSameJson(left[name] ?? null, right[name] ?? null))
  );
}
