// Proves what the words of a pipeline mean once units, defaults and the order of its hooks are filled in.
import { describe, expect, it } from 'vitest';
import { makePipeline } from '../../../src/config/make-pipeline.ts';
import { PIPELINE } from '../../../src/config/pipeline-schema.ts';
import type { Pipeline } from '../../../src/core/pipeline.ts';

function make(declared: object): Pipeline {
  return makePipeline(PIPELINE.parse({ name: 'p', hooks: [{ name: 'a' }], ...declared }));
}

describe('a declared pipeline', () => {
  it('runs a hook after the one before it, unless it says after what', () => {
    const { hooks } = make({
      hooks: [
        { name: 'a' },
        { name: 'b' },
        { name: 'c', after: ['a'] },
        { name: 'd', after: ['b', 'c'] },
        { name: 'e' },
      ],
    });
    expect(hooks.map(({ after }) => after)).toEqual([[], ['a'], ['a'], ['b', 'c'], ['d']]);
  });

  it('has closing hooks by their names or with words of their own', () => {
    const { onFailure, finally: last } = make({
      onFailure: ['notify'],
      finally: ['cleanup', { name: 'report', timeout: '5s', when: 'true' }],
    });
    expect(onFailure).toMatchObject([{ name: 'notify', after: [], timeoutMs: null }]);
    expect(last).toMatchObject([
      { name: 'cleanup', after: [] },
      { name: 'report', after: ['cleanup'], timeoutMs: 5000, when: 'true' },
    ]);
  });

  it('fills in a policy of retries', () => {
    expect(make({ retries: { max: 2 } }).retries).toMatchObject({ max: 2, backoff: 'exponential', initialMs: 1000 });
    expect(make({ retries: { max: 1, on: ['oom'], initial: '5ms', cap: '1s' } }).retries).toEqual({
      max: 1,
      backoff: 'exponential',
      initialMs: 5,
      capMs: 1000,
      on: ['oom'],
    });
  });

  it('has the rules of retention that are said, and no others', () => {
    expect(make({ retention: { keepFor: '7d', keepRuns: 3 } }).retention).toEqual({
      keepForMs: 604_800_000,
      keepRuns: 3,
    });
    const shorter = { keepLogsFor: '1h', keepArtifactsFor: '1m' };
    expect(make({ retention: shorter }).retention).toEqual({ keepLogsForMs: 3_600_000, keepArtifactsForMs: 60_000 });
    expect(make({})).not.toHaveProperty('retention');
    expect(() => make({ retention: { keepRuns: 0 } })).toThrow();
  });

  it('names triggers by their kind and place', () => {
    const { triggers } = make({
      triggers: [
        { schedule: '*/5 * * * *' },
        { webhook: { path: 'orders/new', secret: 'ORDERS_HMAC' }, tags: ['fast'], params: { n: 1 } },
        { name: 'nightly', schedule: '0 3 * * *', timezone: 'Europe/Paris', catchUp: 'all', overlap: 'queue' },
      ],
    });
    expect(triggers).toEqual([
      expect.objectContaining({
        kind: 'schedule',
        name: 'schedule-1',
        timezone: 'UTC',
        catchUp: 'latest',
        overlap: 'skip',
      }),
      expect.objectContaining({
        kind: 'webhook',
        name: 'webhook-2',
        path: 'orders/new',
        tags: ['fast'],
        params: { n: 1 },
      }),
      expect.objectContaining({ name: 'nightly', timezone: 'Europe/Paris', catchUp: 'all', overlap: 'queue' }),
    ]);
  });

  it('has approvals, runs of other pipelines and a limit of concurrency', () => {
    const pipeline = make({
      concurrency: { max: 4, key: 'params.customer' },
      hooks: [
        { name: 'gate', approval: {} },
        { name: 'child', run: { pipeline: 'other' } },
      ],
    });
    expect(pipeline.concurrency).toEqual({ max: 4, key: 'params.customer', whenFull: 'queue' });
    expect(pipeline.hooks[0]?.approval).toEqual({ roles: [], timeoutMs: 86_400_000, onTimeout: 'reject' });
    expect(pipeline.hooks[1]?.run).toEqual({ pipeline: 'other', params: null, input: null });
  });
});
