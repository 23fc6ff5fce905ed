// What README.md and the tutorial tell people to type works as it is written, in this order, on the real program.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../src/core/json.ts';
import { makeCheckout, type Checkout } from '../support/docs/checkout.ts';
import { commandsOf, readBlocks, type Block } from '../support/docs/read-blocks.ts';

/** Proven elsewhere: the first by test/integration, the second by being run. */
const NOT_RUN_HERE = ['npm start', 'npm test'];
const BUILT_MS = 600_000;

const readme = readBlocks(await readFile('README.md', 'utf8'));
const tutorial = readBlocks(await readFile('docs/tutorial.md', 'utf8'));

function blockOf(blocks: readonly Block[], language: string, section: RegExp): string {
  const found = blocks.find((block) => block.language === language && section.test(block.section));
  if (found === undefined) throw new Error(`no ${language} block under ${String(section)}`);
  return found.text;
}

function commandOf(blocks: readonly Block[], start: string, section?: RegExp): string {
  const among = section === undefined ? blocks : blocks.filter((block) => section.test(block.section));
  const found = commandsOf(among).find((command) => command.startsWith(start));
  if (found === undefined) throw new Error(`no command ${start}`);
  return found;
}

let checkout: Checkout | null = null;

function here(): Checkout {
  if (checkout === null) throw new Error('no checkout');
  return checkout;
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(here().folder, path)), { recursive: true });
  await writeFile(join(here().folder, path), text);
}

async function runJson(command: string): Promise<JsonObject> {
  const printed = await here().run(`${command} --json 2>/dev/null`);
  return JSON.parse(printed) as JsonObject;
}

/** Runs the command until the program has taken the change up. */
async function untilDataIs(
  command: string,
  expected: unknown,
  partOf: (run: JsonObject) => unknown = wordsOf,
): Promise<void> {
  const deadline = AbortSignal.timeout(BUILT_MS);
  for (;;) {
    const run = await runJson(command);
    if (isDeepStrictEqual(partOf(run), expected)) return;
    if (deadline.aborted) expect(partOf(run)).toEqual(expected);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

beforeAll(async () => {
  checkout = await makeCheckout();
  await here().untilReady('sample_plugin');
}, BUILT_MS);
afterAll(() => checkout?.[Symbol.asyncDispose]());

describe('README.md', () => {
  it(
    'leads to a first plugin that runs',
    async () => {
      await here().run(commandOf(readme, 'npx gantry plugin init', /first plugin/));
      expect(await here().run(commandOf(readme, 'npx gantry plugin dev', /first plugin/))).toContain('✓ ada: ok');
      await here().untilReady('hello');
      const command = commandOf(readme, 'npx gantry run', /first plugin/);
      const greeted = { hello: 'Hello, you!', greeting: 'Hello, you!' };
      expect(await runJson(command)).toMatchObject({ state: 'succeeded', data: greeted });
      await write('plugins/hello/main.py', blockOf(readme, 'python', /first plugin/));
      await untilDataIs(command, 'you', ({ data }) =>
        isJsonObject(data ?? null) ? (data as JsonObject)['hello'] : null,
      );
    },
    BUILT_MS,
  );

  it(
    'shows commands that work as they are',
    async () => {
      const commands = commandsOf(readme.filter(({ section }) => section === 'Command line'));
      expect(commands.length).toBeGreaterThan(3);
      for (const command of commands) expect(await here().run(command), command).not.toBe('');
    },
    BUILT_MS,
  );

  it('shows a request to the API that gives the ended run', async () => {
    const command = commandOf(readme, 'curl');
    const headers = [...command.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
      ([, name = '', value = '']): [string, string] => [name, value],
    );
    const url = /http:\/\/127\.0\.0\.1:8080(\S+)/.exec(command)?.[1] ?? '';
    const body = / -d '([^']+)'/.exec(command)?.[1] ?? '';
    const response = await fetch(`${here().url}${url}`, { method: 'POST', headers, body });
    expect([200, 202]).toContain(response.status);
    expect(await response.json()).toMatchObject({ pipeline: 'default', trigger: 'api' });
  });

  it('shows no other command', () => {
    const known = /^(npx gantry (run|runs|plugins?|pipelines|doctor)|curl)\b/;
    expect(commandsOf(readme).filter((command) => !known.test(command))).toEqual(NOT_RUN_HERE);
  });
});

describe('docs/tutorial.md', () => {
  const command = commandOf(tutorial, 'npx gantry run', /^3/);

  it(
    'leads to a plugin of one’s own that answers as its fixture says',
    async () => {
      await here().run(commandOf(tutorial, 'npx gantry plugin init', /^1/));
      await write('plugins/word_count/main.py', blockOf(tutorial, 'python', /^2/));
      await write('plugins/word_count/fixtures/ada.json', blockOf(tutorial, 'json', /^2/));
      await write('plugins/word_count/plugin.yaml', blockOf(tutorial, 'yaml', /^1/));
      expect(await here().run(commandOf(tutorial, 'npx gantry plugin dev', /^3/))).toContain('✓ ada: ok');
      expect(await here().run(commandOf(tutorial, 'npx gantry plugin test', /^3/))).toContain(' 0 failed');
      await untilDataIs(command, { to: 2, be: 2, or: 1, not: 1 });
    },
    BUILT_MS,
  );

  it(
    'shows how to change a setting',
    async () => {
      await write('config/plugins/word_count.yaml', blockOf(tutorial, 'yaml', /^4/));
      await untilDataIs(command, { not: 1 });
    },
    BUILT_MS,
  );

  it.each([
    ['js', 'node', 'main.mjs'],
    ['sh', 'shell', 'main.sh'],
  ])(
    'shows the same in %s',
    async (language, runtime, entry) => {
      const manifest = blockOf(tutorial, 'yaml', /^1/).replace('runtime: python', `runtime: ${runtime}`);
      await write(`plugins/word_count/${entry}`, blockOf(tutorial, language, /^5/));
      const version = runtime === 'shell' ? '0.3.0' : '0.2.0';
      const changed = manifest.replace('main.py', entry).replace('0.1.0', version);
      await write('plugins/word_count/plugin.yaml', changed);
      await here().untilReady('word_count', (status) => JSON.stringify(status['version']).includes(version));
      await untilDataIs(command, 6);
    },
    BUILT_MS,
  );

  it(
    'shows a filter that needs no code, whose number replaces the data',
    async () => {
      const [filter = ''] = tutorial.filter(({ text }) => text.includes('protocol: text')).map(({ text }) => text);
      const manifest = blockOf(tutorial, 'yaml', /^1/).replace(/^(runtime|entry|version): .*\n/gm, '');
      await write('plugins/word_count/plugin.yaml', `${manifest}version: 0.4.0\n${filter}`);
      await here().untilReady('word_count', (status) => JSON.stringify(status['version']).includes('0.4.0'));
      await untilDataIs(command, 6, (run) => run['data']);
    },
    BUILT_MS,
  );

  it(
    'shows a plugin that is kept warm, with what it loads once',
    async () => {
      const manifest = blockOf(tutorial, 'yaml', /^1/).replace('0.1.0', '0.5.0');
      await write('plugins/word_count/main.py', blockOf(tutorial, 'python', /^6/));
      await write('plugins/word_count/plugin.yaml', `${manifest}${blockOf(tutorial, 'yaml', /^6/)}`);
      await here().untilReady('word_count', (status) => JSON.stringify(status['version']).includes('0.5.0'));
      await untilDataIs(command, { be: 2, or: 1, not: 1 });
    },
    BUILT_MS,
  );
});

/** `data.words` of a run. */
function wordsOf({ data }: JsonObject): unknown {
  return data !== undefined && isJsonObject(data) ? data['words'] : undefined;
}
