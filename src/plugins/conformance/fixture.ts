// One fixture: an input that the author knows, and what the plugin is expected to make of it. It lies beside the plugin as
// `fixtures/<name>.json`; the members are those of `plugins invoke` and of the request document.
import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { Problem } from '../../core/plugin.ts';
import { SECRET_LENGTH_MIN } from '../../core/redact.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { suggest } from '../../lib/suggest.ts';

const json = z.custom<JsonValue>((value) => value !== undefined, { message: 'must be JSON' });
const object = z.custom<JsonObject>(isJsonObject, { message: 'must be an object' });
const text = z.string({ message: 'must be a text' });

export const EXPECT_SCHEMA = z.strictObject({
  status: z
    .enum(['success', 'skipped', 'error'], { message: 'must be success, skipped or error' })
    .default('success')
    .describe('how the plugin ends; `error` is an error it reports itself'),
  data: json.optional().describe('what the data must hold: named members, deeply; lists and scalars as they stand'),
  code: text.optional().describe('with `error`: the code it reports'),
});

export const FIXTURE_SCHEMA = z.strictObject({
  description: text.default('').describe('one sentence for people'),
  hook: text.optional().describe('one of the `hooks` of the manifest; by default its first'),
  data: json.default({}).describe('`context.data`'),
  params: object.default({}).describe('`context.params`'),
  results: object.default({}).describe('`context.results`: hook → plugin → {status, data}'),
  config: object.optional().describe('settings, checked against `config.schema`, whose defaults are filled in'),
  secrets: z
    .record(
      text,
      text.min(SECRET_LENGTH_MIN, { message: `must have at least ${String(SECRET_LENGTH_MIN)} characters` }),
      {
        message: 'must be an object of texts',
      },
    )
    .default({})
    .describe('values for `secrets` of the manifest; one that is not given gets a made-up value'),
  expect: EXPECT_SCHEMA.default({ status: 'success' }).describe('by default, a success'),
  cancel: z
    .boolean({ message: 'must be true or false' })
    .default(false)
    .describe(
      '`true`: it keeps the plugin at work for long, so it is what the check `cancel` cancels, and nothing else',
    ),
});

export interface Fixture extends z.output<typeof FIXTURE_SCHEMA> {
  /** the file's name without `.json` */
  readonly name: string;
}

/** Of a plugin without fixtures: whatever ends by an answer is good. */
export const NO_FIXTURE: Fixture = { name: 'empty data', ...FIXTURE_SCHEMA.parse({}) };

/** @param file path as the reader would type it */
export function readFixture(bytes: Uint8Array, name: string, file: string): Fixture | { problems: readonly Problem[] } {
  const problem = (message: string): Problem => ({
    code: 'INPUT_INVALID',
    message: escapeText(message).slice(0, 500),
    file,
    line: null,
    column: null,
  });
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) return { problems: [problem(parsed.message)] };
  if (!isJsonObject(parsed.value)) return { problems: [problem('a fixture is an object')] };
  const read = FIXTURE_SCHEMA.safeParse(parsed.value);
  if (read.success) return { name, ...read.data };
  return { problems: read.error.issues.flatMap((issue) => messagesOf(issue).map(problem)) };
}

function messagesOf(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [`\`${path.join('.')}\` ${issue.message}`];
  const known = Object.keys(path[0] === 'expect' ? EXPECT_SCHEMA.shape : FIXTURE_SCHEMA.shape);
  return issue.keys.map((key) => {
    const nearest = suggest(key, known);
    const hint = nearest === null ? `known: ${known.join(', ')}` : `did you mean \`${nearest}\`?`;
    return `\`${[...path, key].join('.')}\` does not exist; ${hint}`;
  });
}
