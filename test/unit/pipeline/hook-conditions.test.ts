// `when` and `forEach`: which hooks of a run are called, and with what.
import { describe, expect, test } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import type { HookSpec } from '../../../src/core/pipeline.ts';
import type { Plugin } from '../../../src/core/plugin.ts';
import { CRASH, untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { finishRun, type Finished } from '../../support/pipeline/finish-run.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

type Hook = Partial<HookSpec> & { readonly name: string };

interface Given {
  readonly plugins?: readonly (Partial<Plugin> & { readonly name: string })[];
  readonly data?: JsonValue;
  readonly script?: (world: RunWorld) => void;
}

async function finish(hooks: readonly Hook[], { plugins, data = {}, script }: Given = {}): Promise<Finished> {
  const given: readonly (Partial<Plugin> & { readonly name: string })[] =
    plugins ?? hooks.map(({ name }) => ({ name: `p_${name}`, hooks: [name] }));
  return await finishRun(
    {
      pipelines: [makePipeline({ hooks })],
      versions: given.map(({ name, ...changes }) => makePlugin(name, changes)),
      expressions: new CelExpressions(),
    },
    (world) => script?.(world),
    data,
  );
}

function inputsOf({ invoker }: RunWorld): { data: JsonValue; item?: JsonObject; results: JsonObject }[] {
  return invoker.calls.map(({ input }) => (input as { context: { data: JsonValue; results: JsonObject } }).context);
}

describe('when', () => {
  test('skips a hook, says why, and lets those behind it go on', async () => {
    const { run, world } = await finish([{ name: 'one', when: 'data.go == true' }, { name: 'two' }], {
      data: { go: false },
    });
    expect(run).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(run.hooks).toMatchObject([
      { state: 'skipped', note: 'when is false: data.go == true' },
      { state: 'succeeded' },
    ]);
    expect(world.invoker.calls.map(({ plugin }) => plugin)).toEqual(['p_two']);
  });

  test('sees params, data, results and the run', async () => {
    const when = `params.p == 1 && data.n == 2 && results.one.p_one.status == 'success' && run.pipeline == 'default'`;
    const { run } = await finish([{ name: 'one' }, { name: 'two', when }], {
      script: ({ invoker }) => {
        invoker.on('p_one', () => ({ data: { n: 2 } }));
      },
    });
    expect(run.hooks.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  });

  test.each([
    ['data.missing.deeper', /when of one: .*missing/],
    ['data.n', /when of one gave number, not true or false/],
    ['null', /gave null/],
  ])('fails the run at the hook for %s', async (when, message) => {
    const { run, world } = await finish([{ name: 'one', when }, { name: 'two' }], { data: { n: 1 } });
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'EXPRESSION_INVALID', hook: 'one', plugin: null } });
    expect(run.failure?.message).toMatch(message);
    expect(run.hooks.map(({ state }) => state)).toEqual(['failed', 'skipped']);
    expect(world.invoker.calls).toEqual([]);
  });
});

describe('forEach', () => {
  test('calls each plugin once per item and keeps what it gave in the order of the items', async () => {
    const { run, world, invocations } = await finish(
      [{ name: 'one', forEach: 'data.list', maxParallel: 2 }, { name: 'two' }],
      {
        data: { list: [3, 1, 2] },
        script: ({ invoker }) => {
          invoker.on('p_one', ({ input }) => {
            const { data } = (input as { context: { data: number } }).context;
            return { data: { double: data * 2 } };
          });
        },
      },
    );
    expect(run.state).toBe('succeeded');
    const inputs = inputsOf(world);
    expect(inputs.slice(0, 3).map(({ data, item }) => [data, item])).toEqual([
      [3, { index: 0, count: 3 }],
      [1, { index: 1, count: 3 }],
      [2, { index: 2, count: 3 }],
    ]);
    expect(inputs[3]).toMatchObject({
      data: { list: [3, 1, 2] },
      results: { one: { p_one: [6, 2, 4].map((double) => ({ status: 'success', data: { double } })) } },
    });
    expect(inputs[3]).not.toHaveProperty('item');
    expect(invocations.map(({ item }) => item)).toEqual([0, 1, 2, null]);
    const keys = world.invoker.calls.map(
      ({ input }) => (input as { invocation: JsonObject }).invocation['idempotencyKey'],
    );
    expect(keys).toEqual([0, 1, 2].map((item) => `${run.id}/one/p_one/${String(item)}`).concat(`${run.id}/two/p_two`));
  });

  test('has no more than maxParallel items at work', async () => {
    let atWork = 0;
    const seen: number[] = [];
    const { run } = await finish([{ name: 'one', forEach: 'data', maxParallel: 3 }], {
      data: [0, 1, 2, 3, 4, 5, 6, 7],
      script: ({ invoker }) => {
        invoker.on('p_one', async () => {
          atWork += 1;
          seen.push(atWork);
          await new Promise(setImmediate);
          atWork -= 1;
          return { data: {} };
        });
      },
    });
    expect(run.state).toBe('succeeded');
    expect(Math.max(...seen)).toBe(3);
  });

  test('skips the hook for an empty list', async () => {
    const { run } = await finish([{ name: 'one', forEach: 'data' }], { data: [] });
    expect(run).toMatchObject({ state: 'succeeded', hooks: [{ state: 'skipped', note: 'no items: data' }] });
  });

  test.each([
    ['params', 'gave object, not a list'],
    ['data', 'gave 10001 items, at most 10000 are taken'],
  ])('fails the run for %s that is no list of items', async (forEach, message) => {
    const { run } = await finish([{ name: 'one', forEach }], { data: Array<number>(10_001).fill(0) });
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'EXPRESSION_INVALID', hook: 'one' } });
    expect(run.failure?.message).toContain(message);
  });

  test('goes on after a failed item, and begins no further ones after one of a failHard plugin', async () => {
    const script = ({ invoker }: RunWorld): void => {
      invoker.on('bad', ({ input }) =>
        (input as { context: { data: number } }).context.data === 1 ? { outcome: CRASH } : { data: {} },
      );
    };
    const hooks = [{ name: 'fetch', forEach: 'data', maxParallel: 1 }];
    const data = [0, 1, 2];
    const soft = await finish(hooks, { plugins: [{ name: 'bad' }], data, script });
    expect(soft.run).toMatchObject({ state: 'succeeded', warnings: [{ code: 'crash', message: /^item 1: / }] });
    const statuses = async ({ world, run }: Finished) => {
      const results = (await world.payload(run.id, 'results')) as { fetch: { bad: { status: string }[] } };
      return results.fetch.bad.map(({ status }) => status);
    };
    expect(await statuses(soft)).toEqual(['success', 'error', 'success']);
    const hard = await finish(hooks, { plugins: [{ name: 'bad', failHard: true }], data, script });
    expect(hard.run).toMatchObject({ state: 'failed', failure: { code: 'crash', hook: 'fetch', plugin: 'bad' } });
    expect(hard.world.invoker.calls).toHaveLength(2);
    expect(await statuses(hard)).toEqual(['success', 'error', 'skipped']);
  });

  test('begins no item after the time of the hook, and says how many were left', async () => {
    const hooks = [{ name: 'fetch', forEach: 'data', maxParallel: 1, timeoutMs: 1_000 }];
    const { run, world } = await finish(hooks, {
      plugins: [{ name: 'slow' }],
      data: [0, 1, 2],
      script: ({ invoker }) => {
        invoker.on('slow', untilStopped);
      },
    });
    expect(world.invoker.calls).toHaveLength(1);
    expect(run).toMatchObject({ state: 'succeeded' });
    expect(run.warnings.map(({ code, message }) => [code, message])).toEqual([
      ['timeout', 'item 0: hook_timeout'],
      ['timeout', '2 of 3 items were not begun: the time was up'],
    ]);
  });
});

describe('forEach after a kill', () => {
  test('calls only items that had not ended, with a further attempt where one was cut short', async () => {
    const options: WorldOptions = {
      store: new HangingStore(),
      pipelines: [makePipeline({ hooks: [{ name: 'fetch', forEach: 'data', maxParallel: 2 }] })],
      versions: [makePlugin('one', { idempotent: true })],
      expressions: new CelExpressions(),
    };
    const itemOf = (input: unknown): number => (input as { context: { data: number } }).context.data;
    const before = new RunWorld(options);
    before.invoker.on('one', async ({ input }) =>
      itemOf(input) === 2 ? await new Promise(() => undefined) : { data: { was: itemOf(input) } },
    );
    await before.runs.start();
    const { run } = await before.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: [0, 1, 2, 3] });
    await before.until(async () => {
      const stored = await before.store.listInvocations(run.id, patient());
      return stored.filter(({ state }) => state === 'succeeded').length >= 2 && before.invoker.calls.length === 4;
    });
    const ended = (await before.store.listInvocations(run.id, patient())).flatMap(({ item, state }) =>
      state === 'succeeded' ? [item] : [],
    );
    const world = new RunWorld({ ...options, store: before.store });
    world.invoker.on('one', ({ input }) => ({ data: { was: itemOf(input) } }));
    await world.clock.advance(before.clock.nowMs() - world.clock.nowMs());
    await world.runs.start();
    expect(await world.settle(run.id)).toMatchObject({ state: 'succeeded', warnings: [] });
    const repeated = world.invoker.calls.map(({ input, request }) => [itemOf(input), request.attempt]);
    expect(repeated.map(([item]) => item)).toEqual([0, 1, 2, 3].filter((item) => !ended.includes(item)));
    expect(repeated).toContainEqual([2, 2]);
    expect(await world.payload(run.id, 'results')).toEqual({
      fetch: { one: [0, 1, 2, 3].map((was) => ({ status: 'success', data: { was } })) },
    });
    await world.close();
  });
});
