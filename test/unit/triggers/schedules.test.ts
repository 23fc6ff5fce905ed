// Proves that a paused schedule stays silent wherever it is looked at, and what is shown of schedules.
import { describe, expect, it } from 'vitest';
import { makeSchedule, ScheduleWorld } from '../../support/triggers/schedule-world.ts';

const MINUTE_MS = 60_000;

describe('a paused schedule', () => {
  it('fires nothing, also in another process, and begins from now when it is resumed', async () => {
    const world = new ScheduleWorld([makeSchedule({ catchUp: 'all' })]);
    const first = world.start();
    await world.clock.advance(MINUTE_MS);
    expect(await world.schedules.pause('default/nightly', 'cli')).toMatchObject({
      isPaused: true,
      pausedBy: 'cli',
      nextAt: null,
      lastTickAt: '2026-01-01T00:01:00.000Z',
    });
    await world.clock.advance(2 * MINUTE_MS);
    await first.stop();
    const second = world.start();
    await world.clock.advance(2 * MINUTE_MS + 30_000);
    expect(world.fired()).toEqual(['00:01:00']);
    const resumed = await world.schedules.resume('default/nightly', 'api');
    expect(resumed).toMatchObject({ isPaused: false, pausedBy: null, nextAt: '2026-01-01T00:06:00.000Z' });
    await world.clock.advance(2 * MINUTE_MS);
    expect(world.fired()).toEqual(['00:01:00', '00:06:00', '00:07:00']);
    expect(world.told().filter((kind) => /aused|esumed/.test(kind))).toEqual(['schedulePaused', 'scheduleResumed']);
    await second.stop();
  });

  it('gives up a tick that waited for the run before, for good', async () => {
    const world = new ScheduleWorld([makeSchedule({ overlap: 'queue' })]);
    world.startsAs = 'running';
    world.start();
    await world.clock.advance(MINUTE_MS + 1_000);
    await world.clock.advance(MINUTE_MS + 10_000);
    await world.schedules.pause('default/nightly', 'cli');
    await world.clock.advance(2_000);
    await world.end((await world.lastRun()).id, 'succeeded');
    await world.clock.advance(MINUTE_MS);
    expect(world.fired()).toEqual(['00:01:00']);
    expect(world.told()).toEqual(['scheduleFired', 'schedulePaused', 'scheduleMissed 1']);
    await world.schedules.resume('default/nightly', 'cli');
    await world.clock.advance(MINUTE_MS);
    expect(world.fired()).toEqual(['00:01:00', '00:04:00']);
  });

  it('can be paused before anybody looked, and twice', async () => {
    const world = new ScheduleWorld([makeSchedule()]);
    await world.schedules.pause('default/nightly', 'api');
    expect((await world.schedules.pause('default/nightly', 'cli')).pausedBy).toBe('api');
    const process = world.start();
    await world.clock.advance(3 * MINUTE_MS);
    expect(world.fired()).toEqual([]);
    await process.stop();
  });

  it('is listed with the times to come, and one that nobody declared is not found', async () => {
    const world = new ScheduleWorld([makeSchedule({ cron: '0 3 * * *', timezone: 'Europe/Paris' })]);
    const [view] = await world.schedules.list(2);
    expect(view).toMatchObject({
      id: 'default/nightly',
      nextAt: '2026-01-01T02:00:00.000Z',
      nextTimes: ['2026-01-01T02:00:00.000Z', '2026-01-02T02:00:00.000Z'],
      lastRun: null,
    });
    await expect(world.schedules.find('default/nighly', 1)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
    await expect(world.schedules.pause('default/x', 'api')).rejects.toThrow(/no schedule is named/);
  });
});
