// The rhythm of the sweeps: after the catalog, at each interval, and whatever happens to one of them.
import { expect, it } from 'vitest';
import { sweepForEver } from '../../../src/compose/sweep-loop.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { SweepReport } from '../../../src/core/image-retention.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { CollectingLogger } from '../../support/web/collecting-logger.ts';
import { EXAMPLE_SWEEP } from '../../support/web/example-plugin.ts';

const HOUR = 3_600_000;

function start(sweep: (signal: AbortSignal) => Promise<SweepReport> = () => Promise.resolve(EXAMPLE_SWEEP)) {
  const [clock, logger, settled] = [new FakeClock(), new CollectingLogger(), Promise.withResolvers<undefined>()];
  let count = 0;
  const loop = sweepForEver({
    ...{ clock, logger, intervalMs: HOUR, subject: 'old images' },
    ids: { randomHex: () => '8000' },
    catalog: { settled: () => settled.promise },
    sweeper: {
      sweep: ({ isDryRun }, signal) => {
        expect(isDryRun).toBe(false);
        count += 1;
        return sweep(signal);
      },
    },
  });
  return {
    clock,
    logger,
    loop,
    settle: () => {
      settled.resolve(undefined);
    },
    swept: () => count,
  };
}

it('begins within a minute after the catalog is settled, and goes on at each interval', async () => {
  const { clock, loop, settle, swept } = start();
  await clock.advance(10 * HOUR);
  expect(swept()).toBe(0);
  settle();
  await clock.advance(60_000);
  expect(swept()).toBe(1);
  await clock.advance(HOUR);
  await clock.advance(HOUR);
  expect(swept()).toBe(3);
  await loop[Symbol.asyncDispose]();
  await clock.advance(10 * HOUR);
  expect(swept()).toBe(3);
  expect(clock.pendingTimers).toBe(0);
});

it('says that a sweep failed, and makes the next one', async () => {
  const { clock, loop, logger, settle, swept } = start(() =>
    Promise.reject(new GantryError('DOCKER_UNAVAILABLE', 'the engine is lost')),
  );
  settle();
  await clock.advance(2 * HOUR);
  expect(swept()).toBe(2);
  expect(logger.lines[0]).toMatchObject({ level: 'warn', fields: { cause: 'the engine is lost' } });
  await loop[Symbol.asyncDispose]();
});

it('cuts a sweep short when the program ends, and says nothing', async () => {
  const { clock, loop, logger, settle, swept } = start(async (signal) => {
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
    return EXAMPLE_SWEEP;
  });
  settle();
  await clock.advance(60_000);
  expect(swept()).toBe(1);
  await loop[Symbol.asyncDispose]();
  expect(logger.lines).toEqual([]);
});
