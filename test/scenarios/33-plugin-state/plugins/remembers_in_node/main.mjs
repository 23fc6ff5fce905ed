import { run, state } from 'gantry';

run(async () => {
  const before = (await state.get('count')) ?? 0;
  await Promise.all(Array.from({ length: 8 }, () => state.update('count', (count = 0) => count + 1)));
  return { before, after: await state.get('count') };
});
