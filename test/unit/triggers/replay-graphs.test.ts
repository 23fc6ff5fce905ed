// Replays of graphs with data that is given for one hook: who sees it, what becomes of it in runs made from such a run, what is refused.
import { describe, expect, test } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/run.ts';
import type { ReplayRequest } from '../../../src/triggers/replay-runs.ts';
import { CRASH } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';

describe('replay of a graph with other data', () => {
  // one → two ─┐
  //     ↘ side ┴→ three → four; five beside them all
  const GRAPH = [
    { name: 'one' },
    { name: 'two', after: ['one'] },
    { name: 'side', after: ['one'] },
    { name: 'three', after: ['two', 'side'] },
    { name: 'four', after: ['three'] },
    { name: 'five', after: [] },
  ];

  class Graph {
    readonly faulty = new Set<string>();
    readonly seen: Record<string, unknown> = {};
    readonly world = new RunWorld({
      versions: GRAPH.map(({ name }) => makePlugin(`${name}er`, { hooks: [name], failHard: true })),
      pipelines: [makePipeline({ hooks: GRAPH })],
    });

    constructor() {
      for (const { name } of GRAPH)
        this.world.invoker.on(`${name}er`, ({ input }) => {
          this.seen[name] = (input as { context: { data: unknown } }).context.data;
          return this.faulty.has(name) ? { outcome: CRASH, data: null } : { data: { [name]: 1 } };
        });
    }

    async start(): Promise<Run> {
      await this.world.runs.start();
      const { run } = await this.world.runs.startRun({
        pipeline: 'default',
        trigger: 'api',
        params: {},
        data: { in: 0 },
      });
      return await this.world.settle(run.id);
    }

    async again(request: ReplayRequest | 'retry', of: RunId): Promise<Run> {
      for (const name of Object.keys(this.seen)) Reflect.deleteProperty(this.seen, name);
      const { runs } = this.world;
      const { run } = await (request === 'retry' ? runs.retryRun({ runId: of }) : runs.replayRun(request));
      return await this.world.settle(run.id);
    }
  }

  test('puts it in place of what came before the hook, for it and for what is behind it', async () => {
    const graph = new Graph();
    const { id: runId } = await graph.start();
    expect(graph.seen['three']).toEqual({ in: 0, one: 1, two: 1, side: 1 });
    const ended = await graph.again({ runId, from: 'two', data: { given: 9 } }, runId);
    expect(graph.seen).toEqual({
      two: { given: 9 },
      three: { given: 9, two: 1, side: 1 },
      four: { given: 9, two: 1, side: 1, three: 1 },
    });
    expect(ended.lineage).toEqual({ kind: 'replay', runId, hook: 'two', editedAt: 'two' });
    const data = await graph.world.payload(ended.id, 'data');
    expect(data).toEqual({ given: 9, two: 1, side: 1, three: 1, four: 1, five: 1 });
    await graph.world.close();
  });

  test('does so also for a join and for one of several first hooks, and hides it from the branches beside', async () => {
    const graph = new Graph();
    graph.faulty.add('side').add('five');
    const { id: runId } = await graph.start();
    graph.faulty.clear();
    await graph.again({ runId, from: 'three', data: [3] }, runId);
    expect(graph.seen).toMatchObject({ side: { in: 0, one: 1 }, three: [3], four: { three: 1 }, five: { in: 0 } });
    const ended = await graph.again({ runId, from: 'one', data: { given: 9 } }, runId);
    expect(graph.seen).toMatchObject({ one: { given: 9 }, side: { given: 9, one: 1 }, five: { in: 0 } });
    expect(ended.lineage).toMatchObject({ hook: 'one', editedAt: 'one' });
    await graph.world.close();
  });

  test('keeps it in a retry, unless what came before is run again', async () => {
    const graph = new Graph();
    const { id: runId } = await graph.start();
    graph.faulty.add('four');
    const failed = await graph.again({ runId, from: 'two', data: { given: 9 } }, runId);
    expect(failed.state).toBe('failed');
    graph.faulty.clear();
    const retried = await graph.again('retry', failed.id);
    expect(graph.seen).toEqual({ four: { given: 9, two: 1, side: 1, three: 1 } });
    expect(retried).toMatchObject({ state: 'succeeded', lineage: { kind: 'retry', hook: 'four', editedAt: 'two' } });
    const whole = await graph.again({ runId: retried.id, from: 'one' }, retried.id);
    expect(graph.seen['two']).toEqual({ in: 0, one: 1 });
    expect(whole.lineage).not.toHaveProperty('editedAt');
    await graph.world.close();
  });

  test('refuses a second place while the first is still seen, and tells requests with other data apart', async () => {
    const graph = new Graph();
    const { id: runId } = await graph.start();
    const edited = await graph.again({ runId, from: 'two', data: { given: 9 }, idempotencyKey: 'k' }, runId);
    const beside = graph.again({ runId: edited.id, from: 'side', data: {} }, runId);
    await expect(beside).rejects.toMatchObject({ code: 'REPLAY_IMPOSSIBLE' });
    const later = await graph.again({ runId: edited.id, from: 'three', data: { later: 1 } }, runId);
    expect([graph.seen['four'], later.lineage?.editedAt]).toEqual([{ later: 1, three: 1 }, 'three']);
    const other = graph.again({ runId, from: 'two', data: { given: 8 }, idempotencyKey: 'k' }, runId);
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    graph.world.pipelines.set('default', makePipeline({ hooks: [{ name: 'one' }, { name: 'two' }] }));
    await expect(graph.again({ runId: edited.id, from: 'one' }, runId)).rejects.toMatchObject({
      code: 'HOOKS_CHANGED',
    });
    await graph.world.close();
  });
});
