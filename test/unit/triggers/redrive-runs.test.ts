// Many retries at once by a filter: each failed run once, whoever asks how often.
import { describe, expect, test } from 'vitest';
import type { RedriveRequest } from '../../../src/triggers/redrive-runs.ts';
import { Chain, openChain } from '../../support/pipeline/broken-chain.ts';
import { makePipeline } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

const ALL: RedriveRequest = {
  ...{ pipeline: null, states: ['failed', 'timed_out'], code: null, sinceMs: null, untilMs: null, after: null },
  ...{ limit: 100, isDryRun: false },
};
const never = new AbortController().signal;

describe('redrive', () => {
  test('retries each failed run once, however often it is asked, and those whose retry failed again', async () => {
    const chain = await openChain();
    const { world } = chain;
    const failed = [await chain.finish(), await chain.finish()];
    const planned = await world.runs.redrive({ ...ALL, isDryRun: true }, never);
    expect(planned.items.map(({ run, skipped }) => [run, skipped])).toEqual([
      [failed[1]?.id, null],
      [failed[0]?.id, null],
    ]);
    const reports = await Promise.all([world.runs.redrive(ALL, never), world.runs.redrive(ALL, never)]);
    const retries = new Set(reports.flatMap(({ items }) => items.flatMap(({ retry }) => retry ?? [])));
    expect(retries.size).toBe(2);
    expect(reports.reduce((sum, { retried }) => sum + retried, 0)).toBe(2);
    for (const id of retries) expect((await world.settle(id)).state).toBe('failed');
    chain.isBroken = false;
    const last = await world.runs.redrive(ALL, never);
    expect(new Set(last.items.filter(({ skipped }) => skipped === null).map(({ run }) => run))).toEqual(retries);
    for (const { retry } of last.items) if (retry !== null) expect((await world.settle(retry)).state).toBe('succeeded');
    expect((await world.runs.redrive(ALL, never)).retried).toBe(0);
    await world.close();
  });

  test('looks at pipeline, state, code and time, and goes on where it ended', async () => {
    const chain = await openChain();
    const { world } = chain;
    const first = await chain.finish();
    const second = await chain.finish();
    const third = await chain.finish();
    const count = async (changes: Partial<RedriveRequest>): Promise<number> =>
      (await world.runs.redrive({ ...ALL, isDryRun: true, ...changes }, never)).items.length;
    expect(await count({ pipeline: 'default', code: 'crash' })).toBe(3);
    expect(await count({ pipeline: 'other' })).toBe(0);
    expect(await count({ code: 'timeout' })).toBe(0);
    expect(await count({ states: ['cancelled'] })).toBe(0);
    expect(await count({ untilMs: 1_000 })).toBe(0);
    expect(await count({ sinceMs: Date.now() + 3_600_000 })).toBe(0);
    expect(await count({ sinceMs: 1_000, untilMs: Date.now() + 3_600_000 })).toBe(3);
    const part = await world.runs.redrive({ ...ALL, isDryRun: true, limit: 2 }, never);
    expect(part).toMatchObject({ retried: 2, next: second.id, items: [{ run: third.id }, { run: second.id }] });
    const rest = await world.runs.redrive({ ...ALL, isDryRun: true, after: part.next }, never);
    expect(rest).toMatchObject({ next: null, items: [{ run: first.id }] });
    await world.close();
  });

  test('tells what it cannot retry, and ends where the queue is full', async () => {
    const chain = await openChain({ settings: { maxQueued: 1 } });
    const { world } = chain;
    const [first, second] = [await chain.finish(), await chain.finish()];
    await world.store.updateRun(
      first.id,
      { states: ['failed'] },
      { lineage: { kind: 'run', runId: second.id, hook: null } },
      patient(),
    );
    world.pipelines.set('default', makePipeline({ hookNames: ['two'] }));
    const refused = await world.runs.redrive(ALL, never);
    expect(refused.items).toMatchObject([
      { run: second.id, skipped: 'refused', refusal: 'HOOKS_CHANGED' },
      { run: first.id, skipped: 'sub_run' },
    ]);
    await world.close();
    const full = new Chain({ settings: { maxQueued: 1 } });
    await full.world.runs.start();
    const many = [await full.finish(), await full.finish(), await full.finish()];
    await full.world.close();
    const idle = new Chain({ store: full.world.store, clock: full.world.clock, settings: { maxQueued: 1 } });
    const stopped = await idle.world.runs.redrive(ALL, never);
    expect(stopped).toMatchObject({ retried: 1, isStopped: true, next: many[2]?.id });
  });
});
