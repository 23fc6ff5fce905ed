// What a run wrote is at hand for those who waited for its end, and is just what the store would give them.
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

const REQUEST = { pipeline: 'default', trigger: 'api', params: {}, data: {} } as const;

describe('recordsOf', () => {
  interface Circumstances {
    readonly isQueuedFirst?: boolean;
    readonly isExpected?: boolean;
  }

  /** A run whose plugin gives `data`, from its start or from the queue. */
  async function endedRun(data: JsonObject, { isQueuedFirst = false, isExpected = true }: Circumstances = {}) {
    const world = new RunWorld({ versions: [makePlugin('one')] });
    const gate = Promise.withResolvers<undefined>();
    world.invoker.on('one', async () => {
      await gate.promise;
      return { data };
    });
    const queued = isQueuedFirst ? await world.runs.startRun(REQUEST) : null;
    await world.runs.start();
    await world.clock.advance(queued === null ? 100 : 0);
    const { run } = queued ?? (await world.runs.startRun(REQUEST));
    const expecting = isExpected ? world.runs.expectRecords(run.id) : null;
    const waiting = world.runs.waitSettled(run.id, patient());
    gate.resolve(undefined);
    await world.settle(run.id);
    return { world, run: await waiting, expecting };
  }

  test('gives what the store has of a run that began and ended here', async () => {
    const { world, run } = await endedRun({ n: 1 });
    const records = world.runs.recordsOf(run.id);
    const invocations = await world.store.listInvocations(run.id, patient());
    expect(records?.invocations).toEqual(invocations);
    expect(invocations.map(({ state }) => state)).toEqual(['succeeded']);
    const names = [...(records?.payloads.keys() ?? [])];
    expect(names).toEqual(expect.arrayContaining(['data', 'results', `result:${String(invocations[0]?.id)}`]));
    for (const name of names)
      expect(records?.payloads.get(name)).toBe(await world.store.findPayload(run.id, name, patient()));
    await world.close();
  });

  test('gives nothing of a run that was claimed, or is large, or that nobody expected', async () => {
    for (const { world, run } of [
      await endedRun({ n: 1 }, { isQueuedFirst: true }),
      await endedRun({ text: 'x'.repeat(64 * 1024) }),
      await endedRun({ n: 1 }, { isExpected: false }),
    ]) {
      expect(run.state).toBe('succeeded');
      expect(world.runs.recordsOf(run.id)).toBeNull();
      await world.close();
    }
  });

  test('gives nothing any more once it is not expected', async () => {
    const { world, run, expecting } = await endedRun({ n: 1 });
    expect(world.runs.recordsOf(run.id)).not.toBeNull();
    expecting?.[Symbol.dispose]();
    expect(world.runs.recordsOf(run.id)).toBeNull();
    await world.close();
  });
});
