// Proves when schedules fire: each tick once, whoever looks and whoever dies; what becomes of missed ticks and of runs that overlap.
import { describe, expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { patient } from '../../support/store/build-records.ts';
import { makeSchedule, ScheduleWorld } from '../../support/triggers/schedule-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('a schedule', () => {
  it('begins with the first tick after it is seen, and fires each one with what the trigger says', async () => {
    const world = new ScheduleWorld([makeSchedule({ params: { n: 1 }, tags: ['a'], skipTags: ['b'] })]);
    await world.clock.advance(10_000);
    const process = world.start();
    await world.clock.advance(3 * MINUTE_MS);
    expect(world.fired()).toEqual(['00:01:00', '00:02:00', '00:03:00']);
    expect(world.started[0]).toEqual({
      pipeline: 'default',
      trigger: 'schedule',
      source: 'nightly',
      params: { n: 1 },
      data: { schedule: 'nightly', scheduledAt: '2026-01-01T00:01:00.000Z' },
      tags: ['a'],
      skipTags: ['b'],
      idempotencyKey: 'schedule/nightly/2026-01-01T00:01:00.000Z',
    });
    expect(world.events.filter(({ kind }) => kind === 'scheduleFired')).toHaveLength(3);
    await process.stop();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('fires once per tick while three processes look', async () => {
    const world = new ScheduleWorld([makeSchedule(), makeSchedule({ name: 'other', cron: '*/2 * * * *' })]);
    const processes = [world.start(false), world.start(false), world.start(false)];
    await world.clock.advance(10 * MINUTE_MS);
    expect(world.started.filter(({ source }) => source === 'nightly')).toHaveLength(10);
    expect(world.started.filter(({ source }) => source === 'other')).toHaveLength(5);
    expect(world.told().filter((kind) => kind === 'scheduleFired')).toHaveLength(15);
    for (const process of processes) await process.stop();
  });

  it('forgets its next time when its cron or its zone changes, and begins again from then', async () => {
    const world = new ScheduleWorld([makeSchedule({ cron: '30 * * * *' })]);
    const process = world.start();
    await world.clock.advance(10 * MINUTE_MS);
    world.declare([makeSchedule({ cron: '20 * * * *' })]);
    world.wake();
    await world.clock.advance(25 * MINUTE_MS);
    expect(world.fired()).toEqual(['00:20:00']);
    await process.stop();
  });

  it('is dropped when it is not declared any more, and begins anew when it is again', async () => {
    const world = new ScheduleWorld([makeSchedule({ catchUp: 'all' })]);
    const process = world.start();
    await world.clock.advance(MINUTE_MS);
    world.declare([]);
    await world.clock.advance(5 * MINUTE_MS);
    expect(await world.store.schedules.list(patient())).toEqual([]);
    world.declare([makeSchedule({ catchUp: 'all' })]);
    await world.clock.advance(2 * MINUTE_MS);
    expect(world.fired()[0]).toBe('00:01:00');
    expect(world.fired().slice(1)).not.toContain('00:03:00');
    expect(world.fired()).toContain('00:08:00');
    await process.stop();
  });

  it.each([
    ['2026-03-28T12:00:00Z', ['01:00:00', '00:30:00']],
    ['2026-10-24T12:00:00Z', ['00:30:00', '01:30:00']],
  ])('of half past two in Paris fires once a night around %s', async (start, expected) => {
    const spec = makeSchedule({ cron: '30 2 * * *', timezone: 'Europe/Paris' });
    const world = new ScheduleWorld([spec], Date.parse(start));
    const process = world.start();
    for (let hour = 0; hour < 44; hour += 1) await world.clock.advance(HOUR_MS);
    expect(world.fired()).toEqual(expected);
    await process.stop();
  });
});

describe('ticks that passed while nobody looked', () => {
  async function afterDowntime(catchUp: 'none' | 'latest' | 'all', downMs: number): Promise<ScheduleWorld> {
    const world = new ScheduleWorld([makeSchedule({ catchUp, overlap: 'queue', cron: '*/10 * * * *' })]);
    const before = world.start();
    await world.clock.advance(10 * MINUTE_MS);
    await before.stop();
    await world.clock.advance(downMs);
    const after = world.start();
    await world.clock.advance(1_000);
    await after.stop();
    return world;
  }

  it('are given up with none', async () => {
    const world = await afterDowntime('none', 35 * MINUTE_MS);
    expect(world.fired()).toEqual(['00:10:00']);
    expect(world.told()).toEqual(['scheduleFired', 'scheduleMissed 3']);
  });

  it('are fired with none, too, when the newest is not older than a minute', async () => {
    const world = await afterDowntime('none', 30 * MINUTE_MS + 30_000);
    expect(world.fired()).toEqual(['00:10:00', '00:40:00']);
  });

  it('give one run with latest', async () => {
    const world = await afterDowntime('latest', 35 * MINUTE_MS);
    expect(world.fired()).toEqual(['00:10:00', '00:40:00']);
    expect(world.told()).toEqual(['scheduleFired', 'scheduleMissed 2', 'scheduleFired']);
  });

  it('are fired one after the other with all, the newest hundred at most', async () => {
    expect((await afterDowntime('all', 35 * MINUTE_MS)).fired()).toEqual([
      '00:10:00',
      '00:20:00',
      '00:30:00',
      '00:40:00',
    ]);
    const long = await afterDowntime('all', 7 * 24 * HOUR_MS);
    expect(long.fired()).toHaveLength(101);
    expect(long.told()[1]).toBe('scheduleMissed 500');
  });

  it('are none after a clock went back: no tick is fired twice', async () => {
    const world = new ScheduleWorld([makeSchedule()], Date.UTC(2026, 0, 1, 2));
    const process = world.start();
    await world.clock.advance(2 * MINUTE_MS);
    await process.stop();
    const earlier = new ScheduleWorld([makeSchedule()], Date.UTC(2026, 0, 1, 1, 30));
    for (const record of await world.store.schedules.list(patient()))
      await earlier.store.schedules.insert(record, patient());
    const again = earlier.start();
    for (let minute = 0; minute < 34; minute += 1) await earlier.clock.advance(MINUTE_MS);
    expect(earlier.fired()).toEqual(['02:03:00', '02:04:00']);
    await again.stop();
  });
});

describe('a tick at which the run before has not ended', () => {
  async function overlapping(overlap: 'queue' | 'skip' | 'cancel_previous'): Promise<ScheduleWorld> {
    const world = new ScheduleWorld([makeSchedule({ overlap })]);
    world.startsAs = 'running';
    world.start();
    await world.clock.advance(MINUTE_MS + 1_000);
    expect(world.fired()).toEqual(['00:01:00']);
    return world;
  }

  it('is skipped, and the next one is not when it has', async () => {
    const world = await overlapping('skip');
    await world.clock.advance(MINUTE_MS);
    expect(world.fired()).toEqual(['00:01:00']);
    expect(world.told()).toEqual(['scheduleFired', 'scheduleSkipped']);
    await world.end((await world.lastRun()).id, 'succeeded');
    await world.clock.advance(MINUTE_MS);
    expect(world.fired()).toEqual(['00:01:00', '00:03:00']);
  });

  it('waits for its end with queue', async () => {
    const world = await overlapping('queue');
    await world.clock.advance(MINUTE_MS + 10_000);
    expect(world.fired()).toEqual(['00:01:00']);
    await world.end((await world.lastRun()).id, 'failed');
    await world.clock.advance(2_000);
    expect(world.fired()).toEqual(['00:01:00', '00:02:00']);
  });

  it('cancels it with cancel_previous', async () => {
    const world = await overlapping('cancel_previous');
    const first = await world.lastRun();
    await world.clock.advance(MINUTE_MS);
    expect(world.fired()).toEqual(['00:01:00', '00:02:00']);
    expect((await world.store.findRun(first.id, patient()))?.state).toBe('cancelled');
  });
});

describe('a start that is refused', () => {
  it('is tried again when that can help, and no tick is lost', async () => {
    const world = new ScheduleWorld([makeSchedule()]);
    world.refusals.push(
      ...(['QUEUE_FULL', 'STORE_UNAVAILABLE', 'STORE_FAILED'] as const).map((code) => new GantryError(code, 'not now')),
    );
    const process = world.start();
    await world.clock.advance(MINUTE_MS + 30_000);
    expect(world.fired()).toEqual(['00:01:00']);
    expect(world.told()).toEqual(['scheduleFired']);
    await process.stop();
  });

  it.each(['PARAMS_INVALID', 'CONCURRENCY_FULL'] as const)(
    'is given up by its code when it cannot: %s',
    async (code) => {
      const world = new ScheduleWorld([makeSchedule()]);
      world.refusals.push(new GantryError(code, 'no'));
      const process = world.start();
      await world.clock.advance(2 * MINUTE_MS);
      expect(world.fired()).toEqual(['00:02:00']);
      expect(world.events).toContainEqual({
        ...{ kind: 'scheduleMissed', pipeline: 'default', schedule: 'nightly', count: 1, code },
      });
      await process.stop();
    },
  );

  it('counts as started when the run of the tick stands with other params', async () => {
    const world = new ScheduleWorld([makeSchedule()]);
    const process = world.start();
    await world.clock.advance(MINUTE_MS);
    const first = await world.lastRun();
    world.refusals.push(new GantryError('IDEMPOTENCY_CONFLICT', 'asked otherwise'));
    await process.stop();
    const [record] = await world.store.schedules.list(patient());
    if (record === undefined) throw new Error('no record');
    const crashed = {
      ...record,
      startingAtMs: Date.UTC(2026, 0, 1, 0, 1),
      lastRunId: null,
      revision: record.revision + 1,
    };
    await world.store.schedules.replace(crashed, patient());
    const after = world.start();
    await world.clock.advance(1_000);
    expect((await world.store.schedules.find(record.id, patient()))?.lastRunId).toBe(first.id);
    await after.stop();
  });
});

describe('the store', () => {
  it('may be away: the schedules go on when it is back', async () => {
    const world = new ScheduleWorld([makeSchedule({ catchUp: 'all' })]);
    const process = world.start();
    await world.clock.advance(30_000);
    const away = new GantryError('STORE_UNAVAILABLE', 'away');
    for (const operation of ['replaceSchedule', 'listSchedules', 'listSchedules'] as const)
      world.store.failNext(operation, away);
    await world.clock.advance(2 * MINUTE_MS);
    expect(world.fired()).toEqual(['00:01:00', '00:02:00']);
    await process.stop();
  });
});
