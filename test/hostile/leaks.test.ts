// What a plugin can learn of others: nothing in its environment, its process list or its files.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('has an environment without anything of the host', async () => {
  process.env['GANTRY_LEAK_CANARY'] = 'canary-7f3a';
  const [seen] = await stand.see(stand.version(), { step: 'env' });
  expect(JSON.stringify(seen)).not.toContain('canary-7f3a');
  const names = Object.keys(seen?.['env'] ?? {}).sort();
  const known = [
    'HOME',
    'HOSTNAME',
    'LANG',
    'LC_CTYPE',
    'PATH',
    'PYTHONDONTWRITEBYTECODE',
    'PYTHONUNBUFFERED',
    'TMPDIR',
  ];
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});

test('sees its own processes only', async () => {
  const [seen] = await stand.see(stand.version(), { step: 'processes' });
  const others = (seen?.['processes'] as string[]).filter((line) => line !== '' && !line.includes('/plugin/puppet.py'));
  expect(others).toEqual([]);
});

test('does not pass the secrets of one invocation on to the next', async () => {
  const version = stand.version();
  const secret = 'hunter2-hunter2';
  const first = await stand.act(version, [
    { step: 'merge', data: { secret } },
    { step: 'mark', path: `/tmp/${secret}` },
  ]);
  expect(first.outcome.code).toBe('ok');
  const second = await stand.act(version, [
    { step: 'mark', path: `/tmp/${secret}` },
    { step: 'env' },
    { step: 'processes' },
  ]);
  expect(second.result).toMatchObject({ seen: [{ found: false }, {}, {}] });
});
