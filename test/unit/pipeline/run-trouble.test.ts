// Timeouts, defects, oversized requests and leaked secrets: a run with them ends as promised and leaves nothing open or readable.
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.ts';
import { patient } from '../../support/store/build-records.ts';
import { endOf, OK, untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { finishRun, outcomesOf } from '../../support/pipeline/finish-run.ts';
import { makePipeline, makePlugin } from '../../support/pipeline/run-world.ts';

const BUSY: Outcome = { code: 'busy', message: 'no sandbox came free', retryAfterMs: 1_000 };

describe('a run that meets trouble', () => {
  test('ends by the smallest timeout: the hook has one, and its other plugins are not called', async () => {
    const pipeline = makePipeline({ hooks: [{ name: 'fetch', timeoutMs: 500 }] });
    const { run, invocations } = await finishRun(
      { pipelines: [pipeline], versions: [makePlugin('slow'), makePlugin('next', { order: 200 })] },
      ({ invoker }) => {
        invoker.on('slow', untilStopped);
      },
    );
    expect(run.state).toBe('succeeded');
    expect(outcomesOf(invocations)).toEqual({ slow: 'timeout', next: 'timeout' });
    expect(invocations[1]?.startedAtMs).toBeNull();
  });

  test('gives an invocation the smallest time in force, and leaves it to the stop to end its wait', async () => {
    const pipeline = makePipeline({ timeoutMs: 9_000, hooks: [{ name: 'fetch', timeoutMs: 7_000 }] });
    const { world } = await finishRun({ pipelines: [pipeline], versions: [makePlugin('one')] }, () => undefined);
    expect(world.invoker.calls[0]?.request).toMatchObject({ timeoutMs: 7_000, waitMs: 30_000 });
  });

  test.each([
    ['hook', { hooks: [{ name: 'fetch', timeoutMs: 500 }] }],
    ['run', { timeoutMs: 500 }],
  ])('times out, and is not busy, when the time of the %s is up while it waits for a sandbox', async (_, changes) => {
    const { invocations } = await finishRun(
      { pipelines: [makePipeline(changes)], versions: [makePlugin('waiting')] },
      ({ invoker, clock }) => {
        invoker.on('waiting', async (call) => {
          // A millisecond early, as a timer of the machine can be beside another.
          const patience = clock.sleep(call.request.waitMs - 1).then(() => ({ outcome: BUSY }));
          return await Promise.race([untilStopped(call), patience]);
        });
      },
    );
    expect(outcomesOf(invocations)).toEqual({ waiting: 'timeout' });
  });

  test('times out with its pipeline', async () => {
    const { run, invocations } = await finishRun(
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
    expect(outcomesOf(invocations)).toEqual({ slow: 'timeout' });
  });

  test('ends even if a sandbox never answers its stop', async () => {
    const { run, invocations } = await finishRun(
      { pipelines: [makePipeline({ timeoutMs: 2_000 })], versions: [makePlugin('mute')] },
      ({ invoker }) => {
        invoker.on('mute', () => new Promise(() => undefined));
      },
    );
    expect(run.state).toBe('timed_out');
    expect(outcomesOf(invocations)).toEqual({ mute: 'lost' });
  });

  test('fails with DEFECT when the invoker breaks, and leaves nothing open', async () => {
    const { run, invocations } = await finishRun(
      { pipelines: [makePipeline({ hookNames: ['fetch', 'publish'] })], versions: [makePlugin('broken')] },
      ({ invoker }) => {
        invoker.on('broken', () => Promise.reject(new TypeError('of undefined')));
      },
    );
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'DEFECT' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['failed', 'skipped']);
    expect(outcomesOf(invocations)).toEqual({ broken: 'lost' });
  });

  test('leaves no hook waiting either when the run broke beside it', async () => {
    const approval = { roles: [], timeoutMs: 60_000, onTimeout: 'reject' } as const;
    const hooks = [
      { name: 'approve', approval },
      { name: 'fetch', after: [] },
    ];
    const { run } = await finishRun(
      { pipelines: [makePipeline({ hooks })], versions: [makePlugin('broken')] },
      ({ invoker, clock }) => {
        invoker.on('broken', async () => {
          await clock.sleep(1_000);
          throw new TypeError('of undefined');
        });
      },
    );
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'DEFECT' } });
    expect(run.hooks).toMatchObject([{ state: 'cancelled', finishedAtMs: run.finishedAtMs }, { state: 'failed' }]);
    expect(run.hooks[0]?.wait).toBeUndefined();
  });

  test('refuses to send a request over the limit, before anything is delivered', async () => {
    const { run, world, invocations } = await finishRun(
      { versions: [makePlugin('a'), makePlugin('b', { order: 200, failHard: true })] },
      ({ invoker }) => {
        invoker.on('a', () => ({ data: { big: 'x'.repeat(9 * 1024 * 1024) } }));
      },
    );
    expect(outcomesOf(invocations)).toEqual({ a: 'ok', b: 'denied' });
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'denied', plugin: 'b' } });
    expect(world.invoker.calls).toHaveLength(1);
  });

  test('gives invocations one key exactly when they have the same secrets', async () => {
    const versions = ['a', 'b', 'c'].map((name) => makePlugin(name, { secrets: name === 'c' ? ['OTHER'] : ['TOKEN'] }));
    const none = makePlugin('none');
    const secrets = { TOKEN: 'hunter2hunter2', OTHER: 'hunter2hunter2' };
    const { world } = await finishRun({ versions: [...versions, none], secrets }, () => undefined);
    const keys = new Map(world.invoker.calls.map(({ plugin, request }) => [plugin, request.secretsKey]));
    expect(keys.get('a')).toMatch(/^[0-9a-f]{64}$/);
    expect(keys.get('b')).toBe(keys.get('a'));
    expect(keys.get('c')).not.toBe(keys.get('a'));
    expect(keys.get('none')).toBeUndefined();
  });

  test('takes secrets out of results, logs, messages and warnings, before anything is stored', async () => {
    const secret = 'hunter2hunter2';
    const { world, run, invocations } = await finishRun(
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
    expect(world.invoker.calls[0]?.request.redactor.text(`is ${secret}`)).toBe('is [redacted]');
    expect(everything).toContain('[redacted]');
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(btoa(secret));
  });
});
