// Opening files without end: refused by the kernel at the exact bound.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('opens as many files as allowed, the three standard ones among them', async () => {
  const version = stand.version({ limits: { openFiles: 32 } });
  expect(await stand.see(version, { step: 'open_files', count: 1_000 })).toMatchObject([
    { count: 29, errno: 'EMFILE' },
  ]);
});

test('has hard limits everywhere it matters', async () => {
  const [limits] = await stand.see(stand.version(), { step: 'limits' });
  expect(limits).toMatchObject({
    nofile: [256, 256],
    core: [0, 0],
    msgqueue: [0, 0],
    fsize: [17 * 1024 * 1024, 17 * 1024 * 1024],
  });
});
