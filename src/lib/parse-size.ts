// Sizes as people write them: `512Ki 128Mi 1Gi`, or a number of bytes. Decimal units and unit-less strings are refused: they are guesses.

const UNIT_BYTES: Readonly<Record<string, number>> = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

/** Bytes, or null when the value is no size. A number is taken as bytes if it is a safe integer ≥ 0. */
export function parseSizeBytes(value: string | number): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null;
  const match = /^(\d{1,13})(Ki|Mi|Gi)$/.exec(value);
  if (match === null) return null;
  const bytes = Number(match[1]) * (UNIT_BYTES[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
