// Plugins that act before they were asked: what they print, break or end before their input counts against them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/engine/until.ts';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

const python = ['/usr/bin/python3', '/plugin/puppet.py'];

async function outcomeOf(command: readonly string[], limits = {}): Promise<unknown> {
  return (await stand.act(stand.version({ version: { command: [...command] }, limits }), [])).outcome;
}

test('a print before the input is no result', async () => {
  expect(await outcomeOf([...python, '--print=hello'])).toMatchObject({ code: 'protocol', violation: 'not_json' });
});

test('a flood before the input is over the output limit', async () => {
  expect(await outcomeOf([...python, `--flood=${64 * 1024 * 1024}`])).toMatchObject({ code: 'output_limit' });
});

test('a flood of one that stands ready does not keep it from being ended', async () => {
  await using own = await Stand.open();
  const version = own.version({ version: { command: [...python, `--flood=${64 * 1024 * 1024}`] } });
  await own.act(version, []);
  const isIdle = (): boolean =>
    own.sandboxes.states().some((one) => one.pluginVersion === version.id && one.state === 'idle');
  await until('one stands ready', isIdle);
  own.sandboxes.retire(version);
  await until('it is gone', () => own.sandboxes.states().every((one) => one.pluginVersion !== version.id));
  expect(own.logger.lines).toEqual([]);
});

test('an exit before the input is a crash, also of one that stood ready, and is not started in a loop', async () => {
  const version = stand.version({ version: { command: [...python, '--exit=3'] } });
  for (let count = 0; count < 3; count += 1)
    expect((await stand.act(version, [])).outcome).toMatchObject({ code: 'crash', exitCode: 3 });
});

test('an exit 0 before the input is no result', async () => {
  expect(await outcomeOf([...python, '--exit=0'])).toMatchObject({ code: 'no_result' });
});

test('a closed output is no result', async () => {
  expect(await outcomeOf([...python, '--close-stdout'], { timeoutMs: 170_000 })).toMatchObject({
    code: expect.stringMatching(/no_result|crash|plugin_error/) as string,
  });
});

test.each([['/nowhere/to/be/found'], ['/plugin'], ['/etc/passwd']])(
  'a command that is none (%s) cannot be started',
  async (word) => {
    expect(await outcomeOf([word])).toMatchObject({
      code: 'start_failed',
      message: expect.stringContaining(word) as string,
    });
  },
);
