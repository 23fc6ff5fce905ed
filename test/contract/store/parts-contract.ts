// Removal of a part of what belongs to a run that stays.
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { formatId } from '../../../src/core/ids.ts';
import { buildLogLine, buildRun, freshName, patient } from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const CHUNKED = JSON.stringify('x'.repeat(600 * 1024));

export function partsContract(subject: StoreUnderTest): void {
  it('removes or counts the log lines or the artifacts of a run, and nothing else of it', async () => {
    const store = subject.store();
    const run = buildRun({
      ...{ id: formatId('run', 1_000, randomBytes(10)), pipeline: freshName('part') },
      ...{ state: 'succeeded', createdAtMs: 1_000, finishedAtMs: 2_000 },
    });
    const { id: runId } = run;
    await store.insertRun(run, patient());
    await store.appendLogs(
      ['a', 'b', 'c', 'd'].map((line) => buildLogLine(runId, line, 'filler')),
      patient(),
    );
    for (const name of ['data', 'artifacts', 'artifact/x/0']) await store.putPayload(runId, name, CHUNKED, patient());
    const remove = (part: 'logs' | 'artifacts', limit: number, isDryRun = false): Promise<number> =>
      store.retention.removePart({ runId, part, limit, isDryRun }, patient());
    expect([await remove('logs', 3, true), await remove('logs', 10, true)]).toEqual([3, 4]);
    expect([await remove('logs', 3), await remove('logs', 3), await remove('logs', 3)]).toEqual([3, 1, 0]);
    expect(await store.listLogs({ runId, limit: 10 }, patient())).toEqual([]);
    expect(await remove('artifacts', 1)).toBe(1);
    await remove('artifacts', 100);
    expect(await remove('artifacts', 100)).toBe(0);
    for (const name of ['artifacts', 'artifact/x/0'])
      expect(await store.findPayload(runId, name, patient())).toBeNull();
    expect(await store.findPayload(runId, 'data', patient())).toBe(CHUNKED);
    expect(await store.findRun(runId, patient())).not.toBeNull();
  });
}
