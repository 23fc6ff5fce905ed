// `onFailure` and `finally`: when they are run, what they are told, and that nothing of them changes how the run ends.
import { describe, expect, test } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { plainHook, type Pipeline } from '../../../src/core/pipeline.ts';
import type { Plugin } from '../../../src/core/plugin.ts';
import { CRASH, untilStopped, type Act } from '../../support/pipeline/fake-invoker.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';

const SECTIONS: Partial<Omit<Pipeline, 'hooks'>> = {
  onFailure: [plainHook('notify')],
  finally: [plainHook('cleanup'), { ...plainHook('report', ['cleanup']), when: "run.state != 'cancelled'" }],
};
const never: Act = () => new Promise(() => undefined);

function optionsOf(changes: Partial<Plugin> = {}, pipeline: Partial<Omit<Pipeline, 'hooks'>> = {}): WorldOptions {
  const hooks = [{ name: 'main' }, { name: 'behind' }];
  return {
    store: new HangingStore(),
    pipelines: [makePipeline({ hooks, ...SECTIONS, ...pipeline })],
    versions: ['main', 'behind', 'notify', 'cleanup', 'report'].map((name) =>
      makePlugin(name, { hooks: [name], failHard: true, ...changes }),
    ),
    expressions: new CelExpressions(),
  };
}

const REQUEST = { pipeline: 'default', trigger: 'cli', params: {}, data: { n: 1 } } as const;

function statesOf({ hooks }: { readonly hooks: readonly { hook: string; state: string }[] }): Record<string, string> {
  return Object.fromEntries(hooks.map(({ hook, state }) => [hook, state]));
}

function calledIn({ invoker }: RunWorld): readonly string[] {
  return invoker.calls.map(({ plugin }) => plugin);
}

function contextOf({ invoker }: RunWorld, plugin: string): JsonObject {
  const call = invoker.calls.find((one) => one.plugin === plugin);
  return (call?.input as { context: JsonObject }).context;
}

describe('the hooks behind the main ones', () => {
  test('are finally alone when the run succeeded, and leave its data as it is', async () => {
    const world = new RunWorld(optionsOf());
    world.invoker.on('main', () => ({ data: { made: true } }));
    world.invoker.on('cleanup', () => ({ data: { made: false, removed: 3 } }));
    await world.runs.start();
    const { run } = await world.runs.startRun(REQUEST);
    const ended = await world.settle(run.id);
    expect(ended).toMatchObject({ state: 'succeeded', failure: null, verdict: null, warnings: [] });
    expect(calledIn(world)).toEqual(['main', 'behind', 'cleanup', 'report']);
    expect(statesOf(ended)).toMatchObject({ notify: 'skipped', cleanup: 'succeeded', report: 'succeeded' });
    expect(ended.hooks.map(({ section }) => section)).toEqual([
      undefined,
      undefined,
      'onFailure',
      'finally',
      'finally',
    ]);
    expect(await world.payload(run.id, 'data')).toEqual({ n: 1, made: true });
    expect(contextOf(world, 'report')).toMatchObject({
      run: { state: 'succeeded', failure: null },
      data: { n: 1, made: true },
      results: { main: {}, cleanup: { cleanup: { status: 'success', data: { removed: 3 } } } },
    });
    expect(contextOf(world, 'behind')['run']).not.toHaveProperty('state');
    await world.close();
  });

  test('are told of a failure, and their own failures are warnings', async () => {
    const world = new RunWorld(optionsOf());
    world.invoker.on('main', () => ({ outcome: CRASH }));
    world.invoker.on('cleanup', () => ({ outcome: CRASH }));
    await world.runs.start();
    const { run } = await world.runs.startRun(REQUEST);
    const ended = await world.settle(run.id);
    expect(ended).toMatchObject({ state: 'failed', failure: { code: 'crash', hook: 'main', plugin: 'main' } });
    expect(calledIn(world)).toEqual(['main', 'notify', 'cleanup', 'report']);
    expect(contextOf(world, 'notify')['run']).toMatchObject({
      state: 'failed',
      failure: { code: 'crash', hook: 'main', plugin: 'main', message: CRASH.message },
    });
    expect(ended.warnings).toMatchObject([{ code: 'crash', hook: 'cleanup', plugin: 'cleanup' }]);
    expect(statesOf(ended)).toEqual({
      ...{ main: 'failed', behind: 'skipped' },
      ...{ notify: 'succeeded', cleanup: 'failed', report: 'succeeded' },
    });
    await world.close();
  });

  test('have a time of their own when that of the run is up', async () => {
    const world = new RunWorld(optionsOf({}, { timeoutMs: 2_000 }));
    world.invoker.on('main', untilStopped);
    world.invoker.on('cleanup', untilStopped);
    await world.runs.start();
    const { run } = await world.runs.startRun(REQUEST);
    const ended = await world.settle(run.id, 120_000, 500);
    expect(ended).toMatchObject({ state: 'timed_out', failure: { code: 'TIMED_OUT', hook: 'main' } });
    expect(calledIn(world)).toEqual(['main', 'notify', 'cleanup', 'report']);
    expect(ended.warnings).toMatchObject([{ code: 'timeout', hook: 'cleanup' }]);
    expect(statesOf(ended)).toMatchObject({ main: 'failed', behind: 'cancelled', cleanup: 'failed' });
    await world.close();
  });

  test('are run after a cancel, without onFailure, and a second cancel does not stop them', async () => {
    const world = new RunWorld(optionsOf());
    const gate = Promise.withResolvers<undefined>();
    world.invoker.on('main', untilStopped);
    world.invoker.on('cleanup', async () => {
      await gate.promise;
      return { data: {} };
    });
    await world.runs.start();
    const { run } = await world.runs.startRun(REQUEST);
    await world.until(() => calledIn(world).includes('main'));
    await world.runs.requestCancel(run.id);
    await world.until(() => calledIn(world).includes('cleanup'));
    await world.runs.requestCancel(run.id);
    gate.resolve(undefined);
    const ended = await world.settle(run.id);
    expect(ended).toMatchObject({ state: 'cancelled', failure: { code: 'CANCELLED' } });
    expect(calledIn(world)).toEqual(['main', 'cleanup']);
    expect(statesOf(ended)).toMatchObject({
      main: 'cancelled',
      notify: 'skipped',
      cleanup: 'succeeded',
      report: 'skipped',
    });
    await world.close();
  });

  test('are not run for a run that was cancelled before it began', async () => {
    const world = new RunWorld(optionsOf());
    const { run } = await world.runs.startRun(REQUEST);
    const ended = await world.runs.requestCancel(run.id);
    expect(ended.state).toBe('cancelled');
    expect(statesOf(ended)).toEqual({
      ...{ main: 'cancelled', behind: 'cancelled' },
      ...{ notify: 'skipped', cleanup: 'skipped', report: 'skipped' },
    });
  });

  test.each([
    ['cut short and idempotent: run again', true, ['cleanup', 'report'], []],
    ['cut short and not idempotent: told of, and left', false, ['report'], ['WORKER_LOST']],
  ])('are finished by the next program after a kill; %s', async (_title, idempotent, called, warnings) => {
    const options = optionsOf({ idempotent });
    const before = new RunWorld(options);
    before.invoker.on('main', () => ({ outcome: CRASH }));
    before.invoker.on('cleanup', never);
    await before.runs.start();
    const { run } = await before.runs.startRun(REQUEST);
    await before.until(() => calledIn(before).includes('cleanup'));
    expect(await before.find(run.id)).toMatchObject({ state: 'running', verdict: { state: 'failed' } });
    const world = new RunWorld({ ...options, store: before.store });
    await world.clock.advance(before.clock.nowMs() - world.clock.nowMs());
    await world.runs.start();
    const ended = await world.settle(run.id);
    expect(ended).toMatchObject({ state: 'failed', failure: { code: 'crash', hook: 'main' }, verdict: null });
    expect(calledIn(world)).toEqual(called);
    expect(ended.warnings.map(({ code }) => code)).toEqual(warnings);
    await world.close();
  });

  test('go to the next program when this one drains', async () => {
    const options = optionsOf({ idempotent: true });
    const before = new RunWorld(options);
    before.invoker.on('cleanup', untilStopped);
    await before.runs.start();
    const { run } = await before.runs.startRun(REQUEST);
    await before.until(() => calledIn(before).includes('cleanup'));
    await before.close();
    expect(await before.find(run.id)).toMatchObject({ state: 'queued', verdict: { state: 'succeeded' } });
    const world = new RunWorld({ ...options, store: before.store });
    await world.clock.advance(before.clock.nowMs() - world.clock.nowMs());
    await world.runs.start();
    expect(await world.settle(run.id)).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(calledIn(world)).toEqual(['cleanup', 'report']);
    await world.close();
  });

  test('are run for a run that was lost with plugins at work', async () => {
    const options = optionsOf();
    const before = new RunWorld(options);
    before.invoker.on('main', never);
    await before.runs.start();
    const { run } = await before.runs.startRun(REQUEST);
    await before.until(() => calledIn(before).includes('main'));
    const world = new RunWorld({ ...options, store: before.store });
    await world.clock.advance(before.clock.nowMs() - world.clock.nowMs());
    await world.runs.start();
    const ended = await world.settle(run.id);
    expect(ended).toMatchObject({ state: 'failed', failure: { code: 'WORKER_LOST', hook: 'main' } });
    expect(calledIn(world)).toEqual(['notify', 'cleanup', 'report']);
    await world.close();
  });
});
