// What a run does with its hooks and plugins, from the claim to the end, over the memory store and scripted plugins.
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/core/json.ts';
import { patient } from '../../support/store/build-records.ts';
import { CRASH } from '../../support/pipeline/fake-invoker.ts';
import { finishRun } from '../../support/pipeline/finish-run.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';

describe('a run', () => {
  test('goes through its hooks in order, and its data flows on', async () => {
    const { world, run } = await finishRun(
      {
        pipelines: [makePipeline({ hookNames: ['fetch', 'publish'] })],
        versions: [makePlugin('reader'), makePlugin('writer', { hooks: ['publish'] })],
      },
      ({ invoker }) => {
        invoker.on('reader', () => ({ data: { rows: 3, day: null } }));
      },
      { day: 1, kept: true },
    );
    expect(run).toMatchObject({ state: 'succeeded', failure: null, warnings: [], epoch: 1 });
    expect(run.hooks.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    expect(world.invoker.calls.map(({ plugin }) => plugin)).toEqual(['reader', 'writer']);
    expect(world.invoker.calls[1]?.input).toMatchObject({
      protocol: '1.0',
      invocation: { attempt: 1, idempotencyKey: `${run.id}/publish/writer` },
      context: {
        run: { id: run.id, pipeline: 'default', trigger: 'cli' },
        hook: 'publish',
        params: { p: 1 },
        data: { rows: 3, kept: true },
        results: { fetch: { reader: { status: 'success', data: { rows: 3, day: null } } } },
      },
    });
    expect(await world.payload(run.id, 'data')).toEqual({ kept: true, rows: 3 });
    expect(world.events.map(({ kind }) => kind)).toEqual([
      'runQueued',
      'runClaimed',
      'hookStarted',
      'invocationStarted',
      'invocationFinished',
      'hookFinished',
      'hookStarted',
      'invocationStarted',
      'invocationFinished',
      'hookFinished',
      'runFinished',
    ]);
  });

  test('stores its events with ascending numbers', async () => {
    const { world, run } = await finishRun({ versions: [makePlugin('one')] }, () => undefined);
    const stored = await world.store.listEvents(run.id, 0, 100, patient());
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
    expect(stored.map(({ kind }) => kind)).toEqual(world.events.map(({ kind }) => kind));
  });

  test('gives plugins of equal order one snapshot and later ones the merged data', async () => {
    const { world } = await finishRun(
      { versions: [makePlugin('a'), makePlugin('b'), makePlugin('c', { order: 200 })] },
      ({ invoker }) => {
        invoker.on('a', () => ({ data: { a: 1, same: 'a' } }));
        invoker.on('b', () => ({ data: { b: 2, same: 'b' } }));
      },
    );
    const seen = world.invoker.calls.map(({ input }) => (input as { context: { data: JsonValue } }).context.data);
    expect(seen).toEqual([{}, {}, { a: 1, b: 2, same: 'b' }]);
  });

  test('reports a merge conflict as a warning, and fails by policy', async () => {
    const versions = [makePlugin('a'), makePlugin('b')];
    const script = ({ invoker }: RunWorld): void => {
      for (const name of ['a', 'b']) invoker.on(name, () => ({ data: { same: name } }));
    };
    const warned = await finishRun({ versions }, script);
    expect(warned.run.state).toBe('succeeded');
    expect(warned.run.warnings).toMatchObject([{ code: 'MERGE_CONFLICT', hook: 'fetch', plugin: 'b' }]);
    const failed = await finishRun({ versions, pipelines: [makePipeline({ onMergeConflict: 'fail' })] }, script);
    expect(failed.run).toMatchObject({ state: 'failed', failure: { code: 'MERGE_CONFLICT', hook: 'fetch' } });
  });

  test('passes a hook without plugins with a note', async () => {
    const { run } = await finishRun({}, () => undefined);
    expect(run).toMatchObject({ state: 'succeeded', hooks: [{ state: 'skipped' }] });
    expect(run.warnings.map(({ code }) => code)).toEqual(['HOOK_WITHOUT_PLUGINS']);
  });

  test('goes on after a failure, and stops at one of a failHard plugin', async () => {
    const pipelines = [makePipeline({ hookNames: ['fetch', 'publish'] })];
    const last = makePlugin('last', { hooks: ['publish'] });
    const script = ({ invoker }: RunWorld): void => {
      invoker.on('bad', () => ({ outcome: CRASH }));
    };
    const soft = await finishRun({ pipelines, versions: [makePlugin('bad'), last] }, script);
    expect(soft.run).toMatchObject({ state: 'succeeded', warnings: [{ code: 'crash', plugin: 'bad', hook: 'fetch' }] });
    expect(soft.world.invoker.calls.at(-1)?.input).toMatchObject({
      context: { results: { fetch: { bad: { status: 'error', error: { code: 'crash' } } } } },
    });
    const hard = await finishRun({ pipelines, versions: [makePlugin('bad', { failHard: true }), last] }, script);
    expect(hard.run).toMatchObject({
      state: 'failed',
      failure: { code: 'crash', hook: 'fetch', plugin: 'bad' },
      hooks: [{ state: 'failed' }, { state: 'skipped' }],
    });
    expect(hard.world.invoker.calls.map(({ plugin }) => plugin)).toEqual(['bad']);
  });

  test('selects the input of a text plugin, and merges what it gave', async () => {
    const text = makePlugin('filter', { protocol: 'text', text: { input: 'data', output: null } });
    const { world, run } = await finishRun(
      { versions: [text] },
      ({ invoker }) => {
        invoker.on('filter', () => ({ data: ['c'] }));
      },
      ['a', 'b'],
    );
    expect(world.invoker.calls[0]?.input).toEqual(['a', 'b']);
    expect(await world.payload(run.id, 'data')).toEqual(['c']);
  });

  test('gives a stream plugin the request document, with a nonce of its own that the invoker knows', async () => {
    const versions = ['a', 'b'].map((name) => makePlugin(name, { protocol: 'stream', reuse: 'warm' }));
    const { world } = await finishRun({ versions }, () => undefined);
    const nonces = world.invoker.calls.map(({ request }) => request.nonce);
    expect(nonces).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(nonces[0]).not.toBe(nonces[1]);
    expect(world.invoker.calls.map(({ input }) => input)).toMatchObject(
      nonces.map((nonce) => ({ method: 'run', invocation: { nonce } })),
    );
  });

  test('follows the hooks in force when it begins, and says so', async () => {
    const world = new RunWorld({ versions: [makePlugin('one')] });
    const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: {} });
    world.pipelines.set('default', makePipeline({ hookNames: ['other', 'fetch'], version: 'new' }));
    await world.runs.start();
    const ended = await world.settle(run.id);
    expect(ended).toMatchObject({ state: 'succeeded', pipelineVersion: 'new' });
    expect(ended.warnings.map(({ code }) => code)).toEqual(['PIPELINE_CHANGED', 'HOOK_WITHOUT_PLUGINS']);
    await world.close();
  });
});
