// A view may hold many megabytes: however many are asked for at once, only a few are read, and nobody waits for longer than they want to.
import { expect, test } from 'vitest';
import { loadViewOf, VIEWS_AT_ONCE } from '../../../src/web/api/load-run-view.ts';
import { settleChains } from '../../support/clock/fake-clock.ts';
import { buildInvocation, buildRun, patient } from '../../support/store/build-records.ts';

const HOOK = { hook: 'each', state: 'running', startedAtMs: 1, finishedAtMs: null } as const;

/** A store whose every read of a payload waits until it is let go on. */
class SlowPayloads {
  readonly reading: (() => void)[] = [];

  listInvocations(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  async findPayload(): Promise<string> {
    const read = Promise.withResolvers<undefined>();
    this.reading.push(() => {
      read.resolve(undefined);
    });
    await read.promise;
    return '{"a":1}';
  }
}

test('reads only a few views at once, and all of them in the end', async () => {
  const store = new SlowPayloads();
  const views = Array.from({ length: 3 * VIEWS_AT_ONCE }, () => loadViewOf({ store }, buildRun(), patient()));
  for (let round = 0; round < 3; round += 1) {
    await settleChains();
    expect(store.reading).toHaveLength(VIEWS_AT_ONCE);
    for (const goOn of store.reading.splice(0)) goOn();
  }
  expect((await Promise.all(views)).map(({ data }) => data)).toEqual(views.map(() => ({ a: 1 })));
});

test('lets who waits give up, and a failed read keeps no place', async () => {
  const store = new SlowPayloads();
  const first = Array.from({ length: VIEWS_AT_ONCE }, () => loadViewOf({ store }, buildRun(), patient()));
  const leaving = new AbortController();
  const second = loadViewOf({ store }, buildRun(), { signal: leaving.signal });
  const broken = {
    listInvocations: () => Promise.reject(new Error('broken')),
    findPayload: () => Promise.resolve(null),
  };
  const third = loadViewOf({ store: broken }, buildRun(), patient());
  third.catch(() => undefined);
  await settleChains();
  leaving.abort(new Error('gone'));
  await expect(second).rejects.toThrow('gone');
  for (const goOn of store.reading.splice(0)) goOn();
  await Promise.all(first);
  await expect(third).rejects.toThrow('broken');
  const last = Array.from({ length: VIEWS_AT_ONCE }, () => loadViewOf({ store }, buildRun(), patient()));
  await settleChains();
  expect(store.reading).toHaveLength(VIEWS_AT_ONCE);
  for (const goOn of store.reading.splice(0)) goOn();
  await Promise.all(last);
});

test('shows of a hook with thousands of items the first, and the first that failed, and reads no more', async () => {
  const { id } = buildRun();
  const reads: string[] = [];
  const invocations = Array.from({ length: 3_000 }, (_, item) =>
    buildInvocation(id, {
      item,
      hookIndex: 0,
      state: item % 2 === 0 ? 'failed' : 'succeeded',
      resultPayload: `r${String(item)}`,
    }),
  );
  const store = {
    listInvocations: () => Promise.resolve(invocations),
    findPayload: (_: unknown, name: string) => {
      reads.push(name);
      return Promise.resolve(null);
    },
  };
  const { hooks } = await loadViewOf({ store }, buildRun({ id, hooks: [HOOK] }), patient());
  expect(hooks[0]?.items).toEqual({ begun: 3_000, shown: 200 });
  expect(hooks[0]?.plugins.map(({ item }) => item).slice(99, 102)).toEqual([99, 100, 102]);
  expect(reads).toHaveLength(201);
});
