// What a run does with its hooks and plugins, from the claim to the end, over the memory store and scripted plugins.
import { describe, expect, test } from 'vitest';
import type { Invocation } from '../../../src/core/invocation.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { patient } from '../../support/store/build-records.ts';
import { CRASH, endOf, OK, untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import type { Run } from '../../../src/core/run.ts';

async function begin(world: RunWorld, data: JsonValue = {}): Promise<Run> {
  await world.runs.start();
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: { p: 1 }, data });
  return run;
}

async function finish(options: WorldOptions, script: (world: RunWorld) => void, data: JsonValue = {}) {
  const world = new RunWorld(options);
  script(world);
  const { id } = await begin(world, data);
  const run = await world.settle(id, 300_000, 100);
  const invocations = await world.store.listInvocations(id, patient());
  await world.close();
  return { world, run, invocations };
}

function outcomes(invocations: readonly Invocation[]): Record<string, string | undefined> {
  return Object.fromEntries(invocations.map(({ plugin, outcome }) => [plugin, outcome?.code]));
}

describe('a run', () => {
  test('goes through its hooks in order, and its data flows on', async () => {
    const { world, run } = await finish(
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
    const { world, run } = await finish({ versions: [makePlugin('one')] }, () => undefined);
    const stored = await world.store.listEvents(run.id, 0, 100, patient());
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
    expect(stored.map(({ kind }) => kind)).toEqual(world.events.map(({ kind }) => kind));
  });

  test('gives plugins of equal order one snapshot and later ones the merged data', async () => {
    const { world } = await finish(
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
    const warned = await finish({ versions }, script);
    expect(warned.run.state).toBe('succeeded');
    expect(warned.run.warnings).toMatchObject([{ code: 'MERGE_CONFLICT', hook: 'fetch', plugin: 'b' }]);
    const failed = await finish({ versions, pipelines: [makePipeline({ onMergeConflict: 'fail' })] }, script);
    expect(failed.run).toMatchObject({ state: 'failed', failure: { code: 'MERGE_CONFLICT', hook: 'fetch' } });
  });

  test('passes a hook without plugins with a note', async () => {
    const { run } = await finish({}, () => undefined);
    expect(run).toMatchObject({ state: 'succeeded', hooks: [{ state: 'skipped' }] });
    expect(run.warnings.map(({ code }) => code)).toEqual(['HOOK_WITHOUT_PLUGINS']);
  });

  test('goes on after a failure, and stops at one of a failHard plugin', async () => {
    const pipelines = [makePipeline({ hookNames: ['fetch', 'publish'] })];
    const last = makePlugin('last', { hooks: ['publish'] });
    const script = ({ invoker }: RunWorld): void => {
      invoker.on('bad', () => ({ outcome: CRASH }));
    };
    const soft = await finish({ pipelines, versions: [makePlugin('bad'), last] }, script);
    expect(soft.run).toMatchObject({ state: 'succeeded', warnings: [{ code: 'crash', plugin: 'bad', hook: 'fetch' }] });
    expect(soft.world.invoker.calls.at(-1)?.input).toMatchObject({
      context: { results: { fetch: { bad: { status: 'error', error: { code: 'crash' } } } } },
    });
    const hard = await finish({ pipelines, versions: [makePlugin('bad', { failHard: true }), last] }, script);
    expect(hard.run).toMatchObject({
      state: 'failed',
      failure: { code: 'crash', hook: 'fetch', plugin: 'bad' },
      hooks: [{ state: 'failed' }, { state: 'skipped' }],
    });
    expect(hard.world.invoker.calls.map(({ plugin }) => plugin)).toEqual(['bad']);
  });

  test('ends by the smallest timeout: the hook has one, and its other plugins are not called', async () => {
    const pipeline = makePipeline({ hooks: [{ name: 'fetch', timeoutMs: 500 }] });
    const { run, invocations } = await finish(
      { pipelines: [pipeline], versions: [makePlugin('slow'), makePlugin('next', { order: 200 })] },
      ({ invoker }) => {
        invoker.on('slow', untilStopped);
      },
    );
    expect(run.state).toBe('succeeded');
    expect(outcomes(invocations)).toEqual({ slow: 'timeout', next: 'timeout' });
    expect(invocations[1]?.startedAtMs).toBeNull();
  });

  test('gives an invocation the smallest time in force, and no longer a wait', async () => {
    const pipeline = makePipeline({ timeoutMs: 9_000, hooks: [{ name: 'fetch', timeoutMs: 7_000 }] });
    const { world } = await finish({ pipelines: [pipeline], versions: [makePlugin('one')] }, () => undefined);
    expect(world.invoker.calls[0]?.request).toMatchObject({ timeoutMs: 7_000, waitMs: 7_000 });
  });

  test('times out with its pipeline', async () => {
    const { run, invocations } = await finish(
      {
        pipelines: [makePipeline({ timeoutMs: 2_000, hookNames: ['fetch', 'publish'] })],
        versions: [makePlugin('slow')],
      },
      ({ invoker }) => {
        invoker.on('slow', untilStopped);
      },
    );
    expect(run).toMatchObject({ state: 'timed_out', failure: { code: 'TIMED_OUT', hook: 'fetch' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['failed', 'cancelled']);
    expect(outcomes(invocations)).toEqual({ slow: 'timeout' });
  });

  test('ends even if a sandbox never answers its stop', async () => {
    const { run, invocations } = await finish(
      { pipelines: [makePipeline({ timeoutMs: 2_000 })], versions: [makePlugin('mute')] },
      ({ invoker }) => {
        invoker.on('mute', () => new Promise(() => undefined));
      },
    );
    expect(run.state).toBe('timed_out');
    expect(outcomes(invocations)).toEqual({ mute: 'lost' });
  });

  test('fails with DEFECT when the invoker breaks, and leaves nothing open', async () => {
    const { run, invocations } = await finish(
      { pipelines: [makePipeline({ hookNames: ['fetch', 'publish'] })], versions: [makePlugin('broken')] },
      ({ invoker }) => {
        invoker.on('broken', () => Promise.reject(new TypeError('of undefined')));
      },
    );
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'DEFECT' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['failed', 'skipped']);
    expect(outcomes(invocations)).toEqual({ broken: 'lost' });
  });

  test('refuses to send a request over the limit, before anything is delivered', async () => {
    const { run, world, invocations } = await finish(
      { versions: [makePlugin('a'), makePlugin('b', { order: 200, failHard: true })] },
      ({ invoker }) => {
        invoker.on('a', () => ({ data: { big: 'x'.repeat(9 * 1024 * 1024) } }));
      },
    );
    expect(outcomes(invocations)).toEqual({ a: 'ok', b: 'denied' });
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'denied', plugin: 'b' } });
    expect(world.invoker.calls).toHaveLength(1);
  });

  test('takes secrets out of results, logs, messages and warnings, before anything is stored', async () => {
    const secret = 'hunter2hunter2';
    const { world, run, invocations } = await finish(
      { versions: [makePlugin('leaky', { secrets: ['TOKEN'] })], secrets: { TOKEN: secret } },
      ({ invoker }) => {
        invoker.on('leaky', ({ request }) => {
          request.onLog({ level: 'info', message: `token ${secret}` });
          const outcome = { ...OK, message: `done ${secret}` };
          const end = endOf(outcome, { token: secret, [secret]: btoa(secret) }, null);
          return { end: { ...end, warnings: [{ code: 'LOGS_TRUNCATED', message: secret }] } };
        });
      },
    );
    expect(world.invoker.calls[0]?.input).toMatchObject({ secrets: { TOKEN: secret } });
    const logs = await world.store.listLogs({ runId: run.id, limit: 10 }, patient());
    expect(logs.map(({ message }) => message)).toEqual(['token [redacted]']);
    const everything = JSON.stringify([
      run,
      invocations,
      logs,
      world.events,
      await world.payload(run.id, 'data'),
      await world.payload(run.id, 'results'),
      await world.payload(run.id, `result:${invocations[0]?.id ?? ''}`),
      await world.store.listEvents(run.id, 0, 100, patient()),
    ]);
    expect(everything).toContain('[redacted]');
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(btoa(secret));
  });

  test('selects the input of a text plugin, and merges what it gave', async () => {
    const text = makePlugin('filter', { protocol: 'text', text: { input: 'data', output: null } });
    const { world, run } = await finish(
      { versions: [text] },
      ({ invoker }) => {
        invoker.on('filter', () => ({ data: ['c'] }));
      },
      ['a', 'b'],
    );
    expect(world.invoker.calls[0]?.input).toEqual(['a', 'b']);
    expect(await world.payload(run.id, 'data')).toEqual(['c']);
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
