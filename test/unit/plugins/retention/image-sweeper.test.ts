// A sweep: what was planned goes, one at a time; what turns out to be needed meanwhile stays.
import { describe, expect, it } from 'vitest';
import type { Run } from '../../../../src/core/run.ts';
import { GantryError } from '../../../../src/core/errors/gantry-error.ts';
import { PluginClaims } from '../../../../src/plugins/retention/plugin-claims.ts';
import { DAY_MS, SweepWorld } from '../../../support/retention/sweep-world.ts';
import { buildRun, newRunId, patient } from '../../../support/store/build-records.ts';
import { until } from '../../../support/engine/until.ts';

const [OLD, MID, NEW] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'] as const;

/** The newest of three serves; the others are unused for long. */
async function threeVersions(): Promise<SweepWorld> {
  const world = new SweepWorld();
  await world.version(OLD, 30);
  await world.version(MID, 20);
  world.serving = [await world.version(NEW, 10)];
  return world;
}

describe('a sweep', () => {
  it('removes what is old, and tells of each image, of the rest and of the size', async () => {
    const world = await threeVersions();
    expect(await world.sweep()).toEqual({ removed: [`${OLD} old`, `${MID} old`], kept: [`${NEW} serving`] });
    expect(world.standing()).toEqual([NEW]);
    expect(world.events).toMatchObject([
      { kind: 'imageRemoved', plugin: 'sample', version: `sample@1.0.0+${OLD}`, reason: 'old', sizeBytes: 1024 },
      { kind: 'imageRemoved', version: `sample@1.0.0+${MID}` },
      { kind: 'imagesCounted', count: 1, sizeBytes: 1024 },
    ]);
  });

  it('removes nothing when it is dry, and says the same', async () => {
    const world = await threeVersions();
    expect(await world.sweep(true)).toEqual({ removed: [`${OLD} old`, `${MID} old`], kept: [`${NEW} serving`] });
    expect(world.standing()).toEqual([OLD, MID, NEW]);
    expect(world.engine.calls.count('removeImage')).toBe(0);
  });

  it('never touches an image without this instance’s label, whatever the engine lists', async () => {
    const world = await threeVersions();
    const foreign = world.engine.images.add('foreign:latest', {
      createdAtMs: 0,
      labels: { 'io.gantry.instance': 'theirs' },
    });
    world.engine.images.list = () => [foreign];
    expect(await world.sweep()).toEqual({ removed: [], kept: [] });
    expect(world.engine.calls.count('removeImage')).toBe(0);
  });

  it('keeps the records of versions whose images went, marked, and takes the mark away when an image is there again', async () => {
    const world = await threeVersions();
    await world.sweep();
    const removedAt = async (): Promise<readonly (number | null)[]> =>
      (await world.store.listPluginVersions('sample', patient())).map(({ imageRemovedAtMs }) => imageRemovedAtMs);
    expect(await removedAt()).toEqual([null, world.clock.nowMs(), world.clock.nowMs()]);
    await world.version(MID, 0);
    await world.sweep();
    expect(await removedAt()).toEqual([null, null, world.clock.nowMs()]);
  });

  it('writes the time of a last use at most once an hour, and goes by it after a restart', async () => {
    const world = await threeVersions();
    const before = world.serving;
    await world.sweep();
    await world.clock.advance(1_800_000);
    await world.sweep();
    const records = await world.store.listPluginVersions('sample', patient());
    expect(records[0]?.lastUsedAtMs).toBe(world.clock.nowMs() - 1_800_000);
    const successor = await world.version(OLD, 0);
    const later = new SweepWorld({ clock: world.clock, engine: world.engine, store: world.store });
    later.serving = [successor];
    await world.clock.advance(6 * DAY_MS);
    expect(await later.sweep()).toEqual({ removed: [], kept: [`${NEW} recent`, `${OLD} serving`] });
    await world.clock.advance(2 * DAY_MS);
    expect((await later.sweep()).removed).toEqual([`${NEW} old`]);
    expect(before).toHaveLength(1);
  });

  it('keeps a version that a run under way may have begun with', async () => {
    const world = await threeVersions();
    world.use.observe(world.serving, world.clock.nowMs());
    const run = buildRun({ state: 'running', startedAtMs: world.clock.nowMs() - 1 });
    await world.store.insertRun(run, patient());
    await world.clock.advance(60_000);
    world.serving = [await world.version('dddddddddddd', 1)];
    world.use.observe(world.serving, world.clock.nowMs());
    await world.clock.advance(8 * DAY_MS);
    expect((await world.sweep()).kept).toContain(`${NEW} in_run`);
    await world.store.updateRun(run.id, { states: ['running'] }, { state: 'succeeded' }, patient());
    expect((await world.sweep()).removed).toContain(`${NEW} old`);
  });

  it('keeps a version that a run was asked to use, also when the run came after the plan', async () => {
    const world = await threeVersions();
    const asking = (mark: string): Run => {
      const pluginVersions = { sample: `sample@1.0.0+${mark}` };
      return buildRun({ lineage: { kind: 'replay', runId: newRunId(), hook: null, pluginVersions } });
    };
    await world.store.insertRun(asking(MID), patient());
    const release = world.engine.calls.hold('listContainers');
    const sweep = world.sweep();
    await until('the sweep looks', () => world.engine.calls.count('listContainers') === 1);
    const list = world.store.listRuns.bind(world.store);
    let looks = 0;
    world.store.listRuns = async (...request) => {
      looks += 1;
      if (looks === 2) await world.store.insertRun(asking(OLD), patient());
      return await list(...request);
    };
    release();
    expect(await sweep).toEqual({ removed: [], kept: [`${MID} in_run`, `${NEW} serving`, `${OLD} in_run`] });
  });

  it('keeps what the engine says is needed, and goes on', async () => {
    const world = await threeVersions();
    const facts = world.engine.images.find(`gantry/plugin-sample:${OLD}`);
    await world.engine.createContainer('any', { body: { Image: facts?.id ?? '' } }, patient());
    expect(await world.sweep()).toEqual({ removed: [`${MID} old`], kept: [`${NEW} serving`, `${OLD} in_use`] });
  });

  it('goes on after an image that cannot be removed, and ends when the engine is lost', async () => {
    const world = await threeVersions();
    world.engine.calls.refuse('removeImage', new GantryError('ENGINE_FAILED', 'no'));
    expect(await world.sweep()).toEqual({ removed: [`${MID} old`], kept: [`${NEW} serving`, `${OLD} failed`] });
    expect(world.logger.lines).toMatchObject([{ level: 'warn', message: 'an image could not be removed' }]);
    world.engine.calls.refuse('removeImage', new GantryError('DOCKER_UNAVAILABLE', 'lost'));
    await expect(world.sweep()).rejects.toMatchObject({ code: 'DOCKER_UNAVAILABLE' });
  });

  it('leaves a version alone that came to serve again after the plan', async () => {
    const world = await threeVersions();
    const [newest] = world.serving;
    const mid = world.engine.images.find(`gantry/plugin-sample:${MID}`);
    const release = world.engine.calls.hold('removeImage');
    const sweep = world.sweep();
    await until('the first removal has begun', () => world.engine.calls.count('removeImage') === 1);
    if (newest !== undefined && mid !== null) world.serving = [{ ...newest, imageId: mid.id }];
    release();
    expect((await sweep).kept).toContain(`${MID} serving`);
  });

  it('leaves plugins alone that are built, and a build waits for a removal under way', async () => {
    const world = await threeVersions();
    const building = await world.claims.forBuild('sample');
    expect((await world.sweep()).kept).toContain(`${MID} building`);
    building[Symbol.dispose]();
    const release = world.engine.calls.hold('removeImage');
    const sweep = world.sweep();
    await until('a removal has begun', () => world.engine.calls.count('removeImage') === 1);
    let isClaimed = false;
    const claimed = world.claims.forBuild('sample').then(() => (isClaimed = true));
    await world.clock.advance(1);
    expect(isClaimed).toBe(false);
    release();
    await claimed;
    // The build came before the second removal.
    expect(await sweep).toEqual({ removed: [`${OLD} old`], kept: [`${NEW} serving`, `${MID} building`] });
  });

  it('removes for want of disk only as long as it lasts, oldest use first', async () => {
    const world = new SweepWorld();
    await world.version(OLD, 3);
    await world.version(MID, 2);
    world.serving = [await world.version(NEW, 1)];
    world.freeShares.push(0.05, 0.05, 0.2);
    expect(await world.sweep()).toEqual({ removed: [`${OLD} disk`], kept: [`${NEW} serving`, `${MID} room`] });
  });

  it('makes one sweep at a time', async () => {
    const world = await threeVersions();
    const release = world.engine.calls.hold('listImages');
    const sweeps = [world.sweep(), world.sweep()];
    await until('the first looks', () => world.engine.calls.count('listImages') === 1);
    await world.clock.advance(1);
    expect(world.engine.calls.count('listImages')).toBe(1);
    release();
    const [first, second] = await Promise.all(sweeps);
    expect([first?.removed.length, second?.removed.length]).toEqual([2, 0]);
  });
});

describe('the claims on a plugin', () => {
  it('let several builds of one name go on, and a removal only after all', async () => {
    const claims = new PluginClaims();
    const [first, second] = [await claims.forBuild('a'), await claims.forBuild('a')];
    expect([...claims.building()]).toEqual(['a']);
    first[Symbol.dispose]();
    expect(claims.forRemoval('a')).toBeNull();
    expect(claims.forRemoval('b')).not.toBeNull();
    second[Symbol.dispose]();
    expect(claims.forRemoval('a')).not.toBeNull();
  });
});
