// Query parameters through zod: unknown and repeated names are refused, each bad value is named.
import { z } from 'zod';
import { GantryError } from '../../core/errors/gantry-error.ts';

/** @throws GantryError QUERY_INVALID with one entry per bad parameter */
export function readQuery<Shape extends z.ZodRawShape>(
  query: URLSearchParams,
  schema: z.ZodObject<Shape>,
): z.infer<z.ZodObject<Shape>> {
  const given: Record<string, string> = Object.create(null) as Record<string, string>;
  const problems: { at: string; message: string }[] = [];
  for (const [name, value] of query) {
    if (Object.hasOwn(given, name)) problems.push({ at: name, message: 'is given more than once' });
    given[name] = value;
  }
  const parsed = z.strictObject(schema.shape).safeParse({ ...given });
  if (!parsed.success) for (const issue of parsed.error.issues) problems.push(...named(issue));
  if (!parsed.success || problems.length > 0) throw refused(problems);
  return parsed.data;
}

function named(issue: z.core.$ZodIssue): { at: string; message: string }[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((at) => ({ at, message: 'is no parameter here' }));
  return [{ at: String(issue.path[0] ?? ''), message: issue.message }];
}

function refused(problems: readonly { at: string; message: string }[]): GantryError {
  const text = problems.map(({ at, message }) => `${at}: ${message}`).join('; ');
  return new GantryError('QUERY_INVALID', `The query is not acceptable: ${text}.`, {
    problems: problems.map(({ at, message }) => ({
      code: 'QUERY_INVALID',
      message,
      file: at,
      line: null,
      column: null,
    })),
  });
}
