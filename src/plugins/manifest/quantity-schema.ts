// Quantities of a manifest: what they are written as, and the range that is said whenever one is wrong.
import * as z from 'zod';
import { LIMIT_RANGES, type LimitName } from '../../core/limits.ts';
import { formatDuration, formatSize } from '../../lib/format-units.ts';
import { parseDurationMs } from '../../lib/parse-duration.ts';
import { parseSizeBytes } from '../../lib/parse-size.ts';

interface Unit {
  readonly what: string;
  /** what it is written as */
  shape(error: string): z.ZodType<string | number, string | number>;
  parse(value: string | number): number | null;
  format(value: number): string;
}

export const DURATION: Unit = {
  shape: (error) => z.string({ error }),
  what: 'a duration like `250ms`, `30s`, `10m`',
  parse: (value) => (typeof value === 'string' ? parseDurationMs(value) : null),
  format: formatDuration,
};
export const SIZE: Unit = {
  shape: (error) => z.union([z.string(), z.number()], { error }),
  what: 'a size like `512Ki`, `128Mi`, or a number of bytes',
  parse: parseSizeBytes,
  format: formatSize,
};
export const COUNT: Unit = {
  shape: (error) => z.number({ error }),
  what: 'a whole number',
  parse: (value) => (typeof value === 'number' && Number.isSafeInteger(value) ? value : null),
  format: String,
};
export const CORES: Unit = {
  shape: (error) => z.number({ error }),
  what: 'a number of CPU cores',
  parse: (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null),
  format: String,
};

/** A quantity within a range, as a number in base units. */
export function quantity(unit: Unit, range: { readonly min: number; readonly max: number }, text: string) {
  const rule = `must be ${unit.what}, from ${unit.format(range.min)} to ${unit.format(range.max)}`;
  return unit
    .shape(rule)
    .transform((value, context) => {
      const parsed = unit.parse(value);
      if (parsed !== null && parsed >= range.min && parsed <= range.max) return parsed;
      context.issues.push({ code: 'custom', message: rule, input: value });
      return z.NEVER;
    })
    .describe(`${text} ${rule.charAt(0).toUpperCase()}${rule.slice(1)}.`);
}

/** One of the quotas, within its range. */
export const limit = (unit: Unit, limitName: LimitName, text: string) => quantity(unit, LIMIT_RANGES[limitName], text);
