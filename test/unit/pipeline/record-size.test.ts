// What is large about a run is never in its record, its invocations, its events or its log lines: those are read and written at every step.
import { expect, test } from 'vitest';
import { PARAMS_BYTES_MAX, checkParams } from '../../../src/triggers/check-request.ts';
import { patient } from '../../support/store/build-records.ts';
import { finishRun } from '../../support/pipeline/finish-run.ts';
import { makePipeline, makePlugin } from '../../support/pipeline/run-world.ts';

const SMALL_BYTES = 16 * 1024;
const LARGE = 'x'.repeat(1024 * 1024);

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

test('a context of megabytes leaves every record small', async () => {
  const { world, run } = await finishRun(
    {
      pipelines: [makePipeline({ hookNames: ['fetch', 'publish'] })],
      versions: [makePlugin('reader'), makePlugin('writer', { hooks: ['publish'] })],
    },
    ({ invoker }) => {
      invoker.on('reader', () => ({ data: { rows: LARGE } }));
    },
    { input: LARGE },
  );
  expect(run.state).toBe('succeeded');
  expect(bytesOf(await world.payload(run.id, 'data'))).toBeGreaterThan(2 * LARGE.length);
  const invocations = await world.store.listInvocations(run.id, patient());
  const events = await world.store.listEvents(run.id, 0, 100, patient());
  const lines = await world.store.listLogs({ runId: run.id, limit: 100 }, patient());
  for (const record of [run, ...invocations, ...events, ...lines]) expect(bytesOf(record)).toBeLessThan(SMALL_BYTES);
  expect(events.length).toBeGreaterThan(5);
});

test('params, which stand in the record, are refused beyond 256 KiB', () => {
  const pipeline = makePipeline({});
  const fits = { text: 'x'.repeat(PARAMS_BYTES_MAX - 11) };
  expect(checkParams(pipeline, fits)).toEqual(fits);
  expect(() => checkParams(pipeline, { text: `${fits.text}x` })).toThrow(
    expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining('at most 262144') as string }),
  );
});
