// An honest plugin through a real sandbox: without this, that attacks fail would prove nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('gives an honest plugin its request and takes its result', async () => {
  const end = await stand.act(stand.version(), [
    { step: 'merge', data: { n: 3 } },
    { step: 'log', message: 'hello' },
  ]);
  expect(end.outcome.code).toBe('ok');
  expect(end.result).toMatchObject({ n: 3 });
  expect(end.logs).toEqual([{ level: 'info', message: 'hello' }]);
});
