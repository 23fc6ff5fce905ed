// Every SDK keeps the same promises, proven by one table against real processes. What a language cannot do is listed in
// its entry, and a test holds that list to be honest and short.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SDK_CASES, requestOf, type SdkCase } from './sdk-cases.ts';
import { isTryable, SDK_LANGUAGES, SdkPlugin, type SdkAnswer } from './sdk-language.ts';

const DEADLINE_MS = 120_000;
const NEARLY_JSON = [
  '01',
  '.5',
  '1.',
  '+1',
  '1e',
  'nul',
  'NaN',
  "'a'",
  '"\\x"',
  '"\\u12g4"',
  '"\t"',
  '[1,]',
  '[1 2]',
  '{"a" 1}',
  '{a:1}',
];

describe.each(SDK_LANGUAGES.filter(isTryable))('the $name SDK', (language) => {
  let plugin: SdkPlugin;
  beforeAll(() => {
    plugin = new SdkPlugin(language);
  }, 300_000);
  afterAll(() => {
    plugin[Symbol.dispose]();
  });

  const possible = SDK_CASES.filter(({ name }) => !language.cannot.includes(name));
  it.each(possible)('$promise', { timeout: DEADLINE_MS }, async (sdkCase) => {
    const said = await plugin.ask(requestOf(sdkCase));
    expectAnswer(sdkCase, said);
  });

  if (language.name === 'python')
    it('begins a traceback with the first line of the plugin itself', { timeout: DEADLINE_MS }, async () => {
      const thrown = possible.filter(({ name }) => name === 'throw');
      for (const sdkCase of thrown) expect((await plugin.ask(requestOf(sdkCase))).stderr).not.toContain('/gantry.py');
      expect(thrown).toHaveLength(1);
    });

  it('refuses a request that is not JSON', { timeout: DEADLINE_MS }, async () => {
    const { stdout, exitCode } = await plugin.ask('{"protocol": "1.0", ');
    expect(JSON.parse(stdout)).toMatchObject({ status: 'error', error: { code: 'invalid_request', retryable: false } });
    expect(exitCode).toBe(1);
  });

  if (language.name !== 'shell') {
    it('refuses what is nearly JSON', { timeout: DEADLINE_MS }, async () => {
      for (const nearly of NEARLY_JSON) {
        const { stdout } = await plugin.ask(requestOf({ promise: '', name: 'object' }).replace('{', `{"x":${nearly},`));
        expect([nearly, JSON.parse(stdout)]).toMatchObject([nearly, { error: { code: 'invalid_request' } }]);
      }
    });
  }

  it('ends in silence when the host closes an idle sandbox', { timeout: DEADLINE_MS }, async () => {
    expect(await plugin.ask('')).toEqual({ stdout: '', stderr: '', exitCode: 0, signal: null });
  });

  it(
    'ends at once on SIGTERM when the handler never asks whether it was cancelled',
    { timeout: DEADLINE_MS },
    async () => {
      const { stdout, signal } = await plugin.ask(requestOf({ promise: '', name: 'work' }), 'waiting');
      expect({ stdout, signal }).toEqual({ stdout: '', signal: 'SIGTERM' });
    },
  );

  if (language.cannot.includes('until_cancelled')) return;
  it('lets a handler that asks whether it was cancelled return what it has', { timeout: DEADLINE_MS }, async () => {
    const { stdout, exitCode } = await plugin.ask(requestOf({ promise: '', name: 'until_cancelled' }), 'waiting');
    expect(JSON.parse(stdout)).toEqual({ status: 'success', data: { stopped: true } });
    expect(exitCode).toBe(0);
  });
});

describe('the node SDK', () => {
  it.each([
    ['ends a handler that never settles as an error', 'never_settles', 'early_exit'],
    ['ends a rejection nobody awaits as an error', 'rejects_elsewhere', 'exception'],
  ])('%s', { timeout: DEADLINE_MS }, async (_promise, name, code) => {
    const node = SDK_LANGUAGES.find((language) => language.name === 'node');
    if (!node) throw new Error('no node in the table');
    using plugin = new SdkPlugin(node);
    const { stdout, exitCode } = await plugin.ask(requestOf({ promise: '', name }));
    expect(JSON.parse(stdout)).toMatchObject({ status: 'error', error: { code } });
    expect(exitCode).not.toBe(0);
  });
});

function expectAnswer(sdkCase: SdkCase, said: SdkAnswer): void {
  const answer: unknown = JSON.parse(said.stdout);
  if (sdkCase.error) {
    const { code, message, retryable = false } = sdkCase.error;
    expect(answer).toEqual({
      status: 'error',
      error: { code, message: expect.stringMatching(message) as unknown, retryable },
    });
  } else {
    expect(answer).toEqual(sdkCase.result);
  }
  if (sdkCase.stderr) expect(said.stderr).toMatch(sdkCase.stderr);
  expect(said.exitCode).toBe(sdkCase.error ? 1 : 0);
}
