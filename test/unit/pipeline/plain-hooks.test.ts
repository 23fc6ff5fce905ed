// A hook without a condition, items, a decision or a run of its own goes the short way to its plugins, and one that is a run's only hook the
// shortest. Whatever happens, the run ends as by the long way, which the same hook takes with a condition that holds.
import { describe, expect, test } from 'vitest';
import type { Plugin } from '../../../src/core/plugin.ts';
import type { HookSpec, Pipeline } from '../../../src/core/pipeline.ts';
import { RETRY_DEFAULTS } from '../../../src/core/retry.ts';
import type { Expressions } from '../../../src/core/ports/expression.ts';
import type { RunPorts } from '../../../src/pipeline/run-ports.ts';
import { planHooks } from '../../../src/pipeline/graph/plan-hooks.ts';
import { CRASH, untilStopped, type Act } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

interface Case {
  readonly hook?: Partial<HookSpec>;
  readonly pipeline?: Partial<Omit<Pipeline, 'hooks'>>;
  readonly plugins: readonly (readonly [name: string, act: Act, changes?: Partial<Plugin>])[];
  readonly then?: (world: RunWorld, runId: Parameters<RunWorld['find']>[0]) => Promise<unknown>;
}

const retries = (initialMs: number) => ({ ...RETRY_DEFAULTS, max: 1, initialMs, capMs: initialMs });
const hard = { failHard: true } as const;
const skip: Act = () => ({ outcome: { code: 'skipped', message: 'nothing to do' } });
const says =
  (data: Record<string, number>): Act =>
  () => ({ data });

function failsOnce(): Act {
  let calls = 0;
  return () => {
    calls += 1;
    return calls === 1 ? { outcome: CRASH } : { data: { calls } };
  };
}

const cases: Readonly<Record<string, () => Case>> = {
  'a plugin that succeeds': () => ({ plugins: [['one', says({ a: 1 })]] }),
  'a plugin that skips': () => ({ plugins: [['one', skip]] }),
  'a failure that does not count': () => ({ plugins: [['one', () => ({ outcome: CRASH })]] }),
  'a failure that counts': () => ({ plugins: [['one', () => ({ outcome: CRASH }), hard]] }),
  'a failure with closing hooks': () => ({
    pipeline: { onFailure: makePipeline({ hookNames: ['mend'] }).hooks },
    plugins: [
      ['one', () => ({ outcome: CRASH }), hard],
      ['mender', says({ b: 1 }), { hooks: ['mend'] }],
    ],
  }),
  'plugins of one group that agree': () => ({
    plugins: [
      ['one', says({ a: 1 })],
      ['two', says({ b: 2 })],
    ],
  }),
  'plugins of one group that conflict': () => ({
    pipeline: { onMergeConflict: 'fail' },
    plugins: [
      ['one', says({ a: 1 })],
      ['two', says({ a: 2 })],
    ],
  }),
  'groups behind each other': () => ({
    plugins: [
      ['one', says({ a: 1 }), { order: 1 }],
      ['two', says({ a: 2 }), { order: 2 }],
    ],
  }),
  'a secret in the result': () => ({ plugins: [['one', () => ({ data: 'not-a-secret' }), { secrets: ['KEY'] }]] }),
  'a short retry': () => ({ hook: { retries: retries(200) }, plugins: [['one', failsOnce(), hard]] }),
  'a retry after a long wait': () => ({ hook: { retries: retries(60_000) }, plugins: [['one', failsOnce(), hard]] }),
  'the end of the hook’s time': () => ({ hook: { timeoutMs: 500 }, plugins: [['one', untilStopped, hard]] }),
  'the end of the run’s time': () => ({ pipeline: { timeoutMs: 500 }, plugins: [['one', untilStopped, hard]] }),
  'a cancel': () => ({
    plugins: [['one', untilStopped]],
    then: (world, runId) => world.runs.requestCancel(runId),
  }),
};

/** Everything but ids and moments. */
async function play({ hook, pipeline, plugins, then }: Case, when: string | null) {
  const expressions: Expressions = { compile: (source) => ({ source, kind: 'unknown', evaluate: () => true }) };
  const world = new RunWorld({
    expressions,
    pipelines: [makePipeline({ ...pipeline, hooks: [{ name: 'fetch', when, ...hook }] })],
    versions: plugins.map(([name, , changes]) => makePlugin(name, changes)),
  });
  for (const [name, act] of plugins) world.invoker.on(name, act);
  await world.runs.start();
  await world.clock.advance(50);
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: { n: 1 } });
  expect(run.state).toBe('running');
  await then?.(world, run.id);
  const ended = await world.settle(run.id, 120_000, 100);
  const invocations = await world.store.listInvocations(run.id, patient());
  const events = await world.store.listEvents(run.id, 0, 100, patient());
  await world.close();
  return {
    state: ended.state,
    failure: ended.failure,
    warnings: ended.warnings,
    hooks: ended.hooks.map(({ hook: name, state, note }) => [name, state, note]),
    data: await world.payload(run.id, 'data'),
    results: await world.payload(run.id, 'results'),
    called: world.invoker.calls.map(({ plugin }) => plugin),
    invocations: invocations.map(({ plugin, state, outcome, attempt, sandboxKind }) => [
      ...[plugin, state, outcome?.code, attempt, sandboxKind],
    ]),
    events: events.map(({ kind }) => kind),
  };
}

describe('a plain hook', () => {
  test.each(Object.keys(cases))('ends as by the long way: %s', async (name) => {
    const one = cases[name];
    if (one === undefined) throw new Error(name);
    expect(await play(one(), null)).toEqual(await play(one(), 'it holds'));
  });

  test('is planned once for each catalog and definition, and anew for the tags of a run', () => {
    const pipeline = makePipeline();
    const snapshot: ReturnType<RunPorts['catalog']['snapshot']> = { pluginsFor: () => [makePlugin('one')] };
    const plain = { tags: [], skipTags: [] };
    const plan = planHooks(pipeline, snapshot, plain);
    expect(planHooks(pipeline, snapshot, plain)).toBe(plan);
    expect(planHooks(pipeline, { pluginsFor: () => [] }, plain).main[0]).toMatchObject({ groups: [], isPlain: false });
    expect(planHooks({ ...pipeline }, snapshot, plain)).not.toBe(plan);
    expect(planHooks(pipeline, snapshot, { tags: ['nightly'], skipTags: [] }).main[0]).toMatchObject({
      isLeftOut: true,
    });
    expect(planHooks(pipeline, snapshot, plain)).toBe(plan);
    expect(plan.main.map(({ isPlain }) => isPlain)).toEqual([true]);
  });
});
