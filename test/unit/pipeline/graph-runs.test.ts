// Hooks as a graph: what is at work at once, what each hook sees, what becomes of branches when one fails.
import { describe, expect, test } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { HookSpec, MergeConflictPolicy } from '../../../src/core/pipeline.ts';
import { adoptPipeline, pendingHooks } from '../../../src/pipeline/adopt-pipeline.ts';
import { CRASH, type Act } from '../../support/pipeline/fake-invoker.ts';
import { finishRun, type Finished } from '../../support/pipeline/finish-run.ts';
import { makePipeline, makePlugin, type RunWorld } from '../../support/pipeline/run-world.ts';
import { buildRun } from '../../support/store/build-records.ts';

type Hook = Partial<HookSpec> & { readonly name: string };

const DIAMOND: readonly Hook[] = [
  { name: 'fetch' },
  { name: 'left', after: ['fetch'] },
  { name: 'right', after: ['fetch'] },
  { name: 'join', after: ['left', 'right'] },
];

/** One plugin per hook, of the hook's name. */
async function finishGraph(
  hooks: readonly Hook[],
  acts: Readonly<Record<string, Act>>,
  onMergeConflict: MergeConflictPolicy = 'warn',
): Promise<Finished> {
  return await finishRun(
    {
      pipelines: [makePipeline({ hooks, onMergeConflict })],
      versions: hooks.map(({ name }) => makePlugin(name, { hooks: [name], failHard: true })),
      expressions: new CelExpressions(),
    },
    ({ invoker }) => {
      for (const [name, act] of Object.entries(acts)) invoker.on(name, act);
    },
    { start: true },
  );
}

function contextOf({ invoker }: RunWorld, plugin: string): { data: unknown; results: JsonObject } {
  const call = invoker.calls.find((one) => one.plugin === plugin);
  return (call?.input as { context: { data: unknown; results: JsonObject } }).context;
}

/** Answers once both hooks are at work. */
function together(names: readonly string[], data: (name: string) => JsonObject): Record<string, Act> {
  const gate = Promise.withResolvers<undefined>();
  let waiting = names.length;
  const act =
    (name: string): Act =>
    async () => {
      waiting -= 1;
      if (waiting === 0) gate.resolve(undefined);
      await gate.promise;
      return { data: data(name) };
    };
  return Object.fromEntries(names.map((name) => [name, act(name)]));
}

describe('a graph of hooks', () => {
  test('has hooks that wait for nothing of each other at work at once', async () => {
    const { run, world } = await finishGraph(DIAMOND, {
      fetch: () => ({ data: { fetched: 1 } }),
      ...together(['left', 'right'], (name) => ({ [name]: true })),
    });
    expect(run).toMatchObject({ state: 'succeeded', warnings: [], epoch: 1 });
    expect(run.hooks.map(({ state }) => state)).toEqual(Array(4).fill('succeeded'));
    expect(await world.payload(run.id, 'data')).toEqual({ start: true, fetched: 1, left: true, right: true });
  });

  test('shows a hook what the hooks before it left, and nothing of the branch beside it', async () => {
    const { world } = await finishGraph(
      [...DIAMOND, { name: 'alone', after: [] }, { name: 'behind_left', after: ['left'] }],
      Object.fromEntries(
        ['fetch', 'left', 'right', 'alone'].map((name): [string, Act] => [name, () => ({ data: { [name]: 1 } })]),
      ),
    );
    expect(contextOf(world, 'left')).toMatchObject({ data: { start: true, fetch: 1 } });
    expect(Object.keys(contextOf(world, 'left').results)).toEqual(['fetch']);
    expect(contextOf(world, 'behind_left').data).toEqual({ start: true, fetch: 1, left: 1 });
    expect(contextOf(world, 'alone')).toMatchObject({ data: { start: true }, results: {} });
    expect(contextOf(world, 'join').data).toEqual({ start: true, fetch: 1, left: 1, right: 1 });
    expect(Object.keys(contextOf(world, 'join').results)).toEqual(['fetch', 'left', 'right']);
  });

  test('folds in the order of the graph, whichever branch was faster', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { world, run } = await finishGraph(DIAMOND, {
      left: async () => {
        await gate.promise;
        return { data: { same: 'left', gone: null } };
      },
      right: () => {
        gate.resolve(undefined);
        return { data: { same: 'right', gone: 1 } };
      },
    });
    expect(contextOf(world, 'join').data).toEqual({ start: true, same: 'right', gone: 1 });
    expect(await world.payload(run.id, 'data')).toEqual({ start: true, same: 'right', gone: 1 });
    expect(run.warnings.map(({ code, hook, message }) => [code, hook, message])).toEqual([
      ['MERGE_CONFLICT', 'join', 'left and right both wrote data/same in parallel; the value of right stands'],
      ['MERGE_CONFLICT', 'join', 'left and right both wrote data/gone in parallel; the value of right stands'],
    ]);
  });

  test('fails at the join for a conflict, by policy, and calls nobody there', async () => {
    const acts = { left: () => ({ data: { same: 1 } }), right: () => ({ data: { same: 2 } }) };
    const { world, run } = await finishGraph(DIAMOND, acts, 'fail');
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'MERGE_CONFLICT', hook: 'join' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded', 'failed']);
    expect(world.invoker.calls.map(({ plugin }) => plugin)).not.toContain('join');
  });

  test('takes equal values of branches for no conflict, whatever is written between them', async () => {
    const same = { list: [{ x: 1, y: null }], gone: null, whole: { x: 'a' } };
    const acts = {
      left: () => ({ data: { ...same, odd: 1 } }),
      right: () => ({ data: { ...same, list: [{ y: null, x: 1 }], odd: 2 } }),
      third: () => ({ data: { ...same, odd: 1 } }),
    };
    const hooks = [...DIAMOND.slice(0, 3), { name: 'third', after: ['fetch'] }];
    const alike = { ...acts, right: acts.left };
    const failed = await finishGraph([...hooks, { name: 'join', after: ['left', 'right', 'third'] }], alike, 'fail');
    expect(failed.run).toMatchObject({ state: 'succeeded', failure: null, warnings: [] });
    const { run } = await finishGraph(hooks, acts);
    expect(run.warnings.map(({ message }) => message)).toEqual([
      'left and right both wrote data/odd in parallel; the value of right stands',
      'right and third both wrote data/odd in parallel; the value of third stands',
    ]);
  });

  test('reports a conflict of branches that never meet at the end of the run', async () => {
    const acts = { left: () => ({ data: { same: 1 } }), right: () => ({ data: { same: 2 } }) };
    const apart = DIAMOND.slice(0, 3);
    const warned = await finishGraph(apart, acts);
    expect(warned.run).toMatchObject({ state: 'succeeded', warnings: [{ code: 'MERGE_CONFLICT', hook: null }] });
    const failed = await finishGraph(apart, acts, 'fail');
    expect(failed.run).toMatchObject({ state: 'failed', failure: { code: 'MERGE_CONFLICT', hook: null } });
  });

  test('awaits the branch beside a failed hook, begins nothing new, and names the first failure as declared', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { run, world } = await finishGraph([...DIAMOND, { name: 'behind_left', after: ['left'] }], {
      left: async () => {
        await gate.promise;
        return { outcome: CRASH };
      },
      right: () => {
        setImmediate(() => {
          gate.resolve(undefined);
        });
        return { outcome: { ...CRASH, message: 'the right one' } };
      },
    });
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'crash', hook: 'left', plugin: 'left' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['succeeded', 'failed', 'failed', 'skipped', 'skipped']);
    expect(world.invoker.calls).toHaveLength(3);
  });

  test('follows another graph of the same hooks until it has begun, and not afterwards', () => {
    const hookNames = ['fetch', 'left'];
    const before = makePipeline({ hookNames });
    const after = makePipeline({ hooks: [{ name: 'fetch' }, { name: 'left', after: [] }] });
    const run = { ...buildRun({ pipeline: 'default' }), hooks: pendingHooks(before) };
    const pipelines = new Map([['default', after]]);
    expect(adoptPipeline(run, new Map([['default', before]])).warnings).toEqual([]);
    expect(adoptPipeline(run, pipelines)).toMatchObject({
      hooks: [{ hook: 'fetch' }, { hook: 'left', after: [] }],
      warnings: [{ code: 'PIPELINE_CHANGED' }],
    });
    const begun = run.hooks.map((record) => ({ ...record, state: 'running' as const }));
    expect(adoptPipeline({ ...run, hooks: begun }, pipelines).failure).toMatchObject({ code: 'PIPELINE_INVALID' });
  });
});
