// `kill -9` of the program in the middle of its runs, then a start over the same folder: accepted means settled, nothing is called twice
// that must not be, and nothing that the dead program made stays on the engine.
import { expect, test } from 'vitest';
import { postJson, waitFor } from '../support/gantry/api.ts';
import { FaultWorld, PATIENCE_MS } from '../support/faults/fault-world.ts';

const LONG = { step: 'sleep', seconds: 480 };
const LIMITS = { timeout: 900_000 };

test('settles every accepted run after a kill, and leaves no container of the dead program', LIMITS, async () => {
  await using world = new FaultWorld();
  const killed = await world.start();
  const once = await world.accept('once', LONG);
  // Every slot stays taken until the kill, however long the starts take; the second attempt ends at once.
  const again = await world.accept('again', { ...LONG, step: 'sleep_at_first' });
  await Promise.all([world.underWay(once), world.underWay(again)]);
  const others = [await world.accept('once', LONG), await world.accept('once', LONG)];
  await Promise.all(others.map((id) => world.underWay(id)));
  const queued = await world.accept('once');
  expect(await killed.end('SIGKILL')).toBeNull();
  const orphans = await world.containers();
  expect(orphans.length).toBeGreaterThanOrEqual(3);

  await world.start();
  for (const id of [once, ...others]) {
    const run = await world.ended(id);
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'WORKER_LOST' } });
    expect(run.hooks[0]?.plugins).toMatchObject([{ attempt: 1, state: 'failed', outcome: { code: 'lost' } }]);
  }
  expect(await world.ended(again)).toMatchObject({ state: 'succeeded' });
  expect((await world.run(again)).hooks[0]?.plugins.at(-1)).toMatchObject({ outcome: { code: 'ok' } });
  expect((await world.ended(queued)).state).toBe('succeeded');
  await waitFor(
    async () => {
      const standing = await world.containers();
      return !orphans.some((id) => standing.includes(id));
    },
    'the containers of the killed program to go',
    PATIENCE_MS,
  );
});

test('ends politely in its grace, leaves no container, and goes on with what may be repeated', LIMITS, async () => {
  await using world = new FaultWorld();
  const first = await world.start();
  const [once, again] = [await world.accept('once', LONG), await world.accept('again', LONG)];
  await Promise.all([world.underWay(once), world.underWay(again)]);
  expect(await first.end('SIGTERM')).toBe(0);
  expect(await world.containers()).toEqual([]);

  const second = await world.start();
  expect(await world.run(once)).toMatchObject({ state: 'failed', failure: { code: 'DRAINING' } });
  await world.underWay(again);
  const cancel = await postJson(`${second.url}/api/v1/runs/${again}/cancel`, {});
  expect(cancel.status).toBeLessThan(300);
  const run = await world.ended(again);
  expect(run).toMatchObject({ state: 'cancelled' });
  expect(run.hooks[0]?.plugins.map(({ attempt }) => attempt)).toEqual([1, 2]);
});
