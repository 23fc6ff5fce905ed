// Proves that no faulty pipelines file crashes the reading, hangs it, or is taken by half: each gives a code, its place and its cause.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import { CronerTimes } from '../../../src/adapters/croner/croner-cron.ts';
import { loadPipelines } from '../../../src/config/load-pipelines.ts';
import { asGantryError, type GantryError } from '../../../src/core/errors/gantry-error.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-faulty-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function refusalOf(content: string | Uint8Array): Promise<GantryError> {
  const file = join(folder, 'pipelines.yaml');
  await writeFile(file, content);
  const languages = { expressions: new CelExpressions(), cron: new CronerTimes() };
  const taken = loadPipelines(file, 'pipelines.yaml', languages).then(
    (pipelines) => expect.unreachable(`it was taken: ${[...pipelines.keys()].join(', ')}`),
    (error: unknown) => asGantryError(error, 'DEFECT'),
  );
  return await taken;
}

/** `line:column CODE message` of each problem. */
async function problemsOf(content: string | Uint8Array): Promise<readonly string[]> {
  const { problems } = await refusalOf(content);
  return problems.map(({ code, line, column, message }) => `${String(line)}:${String(column)} ${code} ${message}`);
}

/** A pipeline with one hook, whose further keys begin on line 5, in column 5. */
const withKey = (text: string): string => `pipelines:\n  - name: a\n    hooks:\n      - name: h\n    ${text}\n`;
/** The keys of its hook begin on line 5, in column 9. */
const withHookKey = (text: string): string => `pipelines:\n  - name: a\n    hooks:\n      - name: h\n        ${text}\n`;
const withParam = (schema: string): string => withKey(`params: {type: object, properties: {a: ${schema}}}`);

describe('a file that is no YAML of ours', () => {
  it.each([
    ['an alias', withKey('description: &t x\n    timeout: *t'), '6:14 CONFIG_SYNTAX aliases are not permitted'],
    ['aliases of aliases', 'a: &a [x]\nb: &b [*a, *a]\npipelines: *b\n', '2:8 CONFIG_SYNTAX aliases are not'],
    ['an unknown tag', withKey('description: !secret x'), '5:18 CONFIG_SYNTAX Unresolved tag: !secret'],
    ['bytes', withParam('{default: !!binary aGVsbG8=}'), '5:63 CONFIG_SYNTAX only texts, numbers'],
    ['an infinite number', withParam('{default: .inf}'), '5:54 CONFIG_SYNTAX is no number that JSON knows'],
    ['no number', withParam('{default: .nan}'), '5:54 CONFIG_SYNTAX is no number that JSON knows'],
    ['a list as key', withKey('? [a, b]\n    : c'), '5:7 CONFIG_SYNTAX a key must be plain text'],
    ['null as key', withKey('~: c'), '5:5 CONFIG_SYNTAX a key must be plain text'],
    [
      '__proto__ as key',
      withKey('__proto__: {timeout: 5m}'),
      '5:5 CONFIG_SYNTAX the key `__proto__` is never permitted',
    ],
    [
      '__proto__ as a param',
      withKey('params: {properties: {__proto__: {}}}'),
      '5:27 CONFIG_SYNTAX the key `__proto__`',
    ],
    ['a key that stands twice', withKey('priority: 1\n    priority: 2'), '6:5 CONFIG_SYNTAX Map keys must be unique'],
    ['two documents', `${withKey('')}---\n${withKey('')}`, '6:1 CONFIG_SYNTAX Source contains multiple documents'],
    ['a tab', 'pipelines:\n\t- name: a\n', '2:1 CONFIG_SYNTAX Tabs are not allowed as indentation'],
    ['65 levels', withKey(`params: ${'[1, '.repeat(62)}1${']'.repeat(62)}`), '5:257 CONFIG_SYNTAX values nest deeper'],
    ['5000 levels', `pipelines: ${'['.repeat(5000)}${']'.repeat(5000)}`, 'CONFIG_SYNTAX values nest deeper than 64'],
  ])('names the place of %s', async (_title, content, problem) => {
    const [first] = await problemsOf(content);
    expect(first).toContain(problem);
  });

  it('names the line that is not UTF-8', async () => {
    const broken = Buffer.concat([Buffer.from(withKey('priority: 1')), Buffer.from([0x64, 0x3a, 0xff, 0x0a])]);
    expect(await problemsOf(broken)).toEqual(['6:1 CONFIG_SYNTAX not valid UTF-8']);
  });

  it('names the first line of an empty one', async () => {
    expect(await problemsOf('')).toEqual([
      '1:1 PIPELINE_INVALID the document must be a value of type object, received null',
    ]);
  });

  it('says how many bytes are read of one that is too large', async () => {
    const { code, message } = await refusalOf(withKey(`description: ${'x'.repeat(1_100_000)}`));
    expect(`${code} ${message}`).toMatch(/^CONFIG_INVALID .* bytes, at most 1048576 are read$/);
  });
});

describe('a file that says too little, too much or the wrong thing', () => {
  it.each([
    ['a missing name', 'pipelines:\n  - hooks: [{name: h}]\n', '2:5 PIPELINE_INVALID pipelines[0].name is missing'],
    [
      'a number as time',
      withKey('timeout: 30'),
      '5:14 PIPELINE_INVALID pipelines[0].timeout is no duration from 1ms to 7d',
    ],
    [
      'a typo of retention',
      withKey('retention: {keepFro: 2d}'),
      '5:17 PIPELINE_INVALID unknown key pipelines[0].retention.keepFro; did you mean "keepFor"?',
    ],
    ['a merge key', withHookKey('<<: {timeout: 5m}'), '5:9 PIPELINE_INVALID unknown key pipelines[0].hooks[0].<<'],
    [
      'a key with a control character',
      withKey('"\\u001b[2J": x'),
      '5:5 PIPELINE_INVALID unknown key pipelines[0].\\u001b[2J',
    ],
    [
      'a number where a condition stands',
      withHookKey('when: size(data.items)'),
      '5:15 PIPELINE_INVALID pipelines[0].hooks[0].when never gives true or false: expression "size(data.items)"',
    ],
    [
      'an optional where a condition stands',
      withHookKey('when: data.?ready'),
      '5:15 PIPELINE_INVALID pipelines[0].hooks[0].when never gives true or false',
    ],
    [
      'an object where a list stands',
      withHookKey('forEach: \'{"a": data}\''),
      '5:18 PIPELINE_INVALID pipelines[0].hooks[0].forEach never gives a list',
    ],
    [
      'a list as params',
      withHookKey("run: {pipeline: a, params: '[1]'}"),
      '5:36 PIPELINE_INVALID pipelines[0].hooks[0].run.params never gives an object',
    ],
    [
      'a key made of results',
      withKey('concurrency: {max: 1, key: results.h}'),
      '5:32 PIPELINE_INVALID pipelines[0].concurrency.key is no expression: expression "results.h": results is not there; there are params and data',
    ],
    [
      'a key made of the run',
      withKey("concurrency: {max: 1, key: 'params.a + run.id'}"),
      '5:32 PIPELINE_INVALID pipelines[0].concurrency.key is no expression',
    ],
    [
      'a closing condition',
      withKey('finally: [{name: c, when: "1"}]'),
      '5:31 PIPELINE_INVALID pipelines[0].finally[0].when never gives true or false',
    ],
    [
      'params that are no object',
      withKey('params: {type: string}'),
      '5:20 PIPELINE_INVALID pipelines[0].params.type is not object',
    ],
    [
      'a regular expression in a schema',
      withParam('{pattern: "(a+)+$"}'),
      '5:54 PIPELINE_INVALID pipelines[0].params.properties.a.pattern : keyword `pattern` is not in the subset',
    ],
    [
      'an unknown format',
      withParam('{format: phone}'),
      '5:53 PIPELINE_INVALID pipelines[0].params.properties.a.format : `format` must be one of date,',
    ],
    [
      'a default of another format',
      withParam('{format: date, default: 2026-02-30}'),
      'the default does not fit its own schema: must be a text of the format date',
    ],
    ['a loop over data', withHookKey('when: "data.all(x, x > 1)"'), 'all() is not available here'],
  ])('names the place and cause of %s', async (_title, content, problem) => {
    const problems = await problemsOf(content);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it('calls a name that stands twice by that alone, not a cycle', async () => {
    expect(await problemsOf(withKey('').replace('    \n', '      - name: h\n'))).toEqual([
      '5:15 PIPELINE_INVALID pipelines[0].hooks[1].name "h" stands twice',
    ]);
  });

  it('tells problems in the order of the file, whoever found them', async () => {
    const file =
      'pipelines:\n  - {name: a, hooks: [{name: h, when: "1"}, {name: h}]}\n  - {name: a, timeout: 30s, hooks: [{name: x, after: [y]}]}\n';
    const places = (await problemsOf(file)).map((problem) => problem.split(' ', 1)[0]);
    expect(places).toEqual(['2:39', '2:52', '3:12', '3:55']);
  });

  it('tells no more than a hundred problems, and how many there are', async () => {
    const { message, problems } = await refusalOf(`pipelines:\n${'  - {name: 1, hooks: 2, foo: 3}\n'.repeat(300)}`);
    expect([message, problems.length]).toEqual(['pipelines.yaml: 900 problem(s)', 100]);
  });

  it('tells a hundred of the unknown keys of one mapping, and compares no key with each other', async () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `    nam${String(index)}: 1\n`);
    expect(await problemsOf(`${withKey('priority: 1')}${keys.join('')}`)).toHaveLength(100);
  });
});
