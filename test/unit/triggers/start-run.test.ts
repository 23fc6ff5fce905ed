// The one door: what it refuses, what it repeats, and that its bound holds for simultaneous requests.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import type { StartRequest } from '../../../src/triggers/start-run.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, RunWorld } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

const REQUEST: StartRequest = { pipeline: 'default', trigger: 'api', params: {}, data: {} };

async function refusal(work: Promise<unknown>): Promise<GantryError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof GantryError) return error;
  throw new Error('it was not refused', { cause: error });
}

function nested(depth: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe('startRun', () => {
  test('resolves when the run is stored, with its input before it', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store });
    const release = store.hold('insertRun');
    const starting = world.runs.startRun({ ...REQUEST, data: { n: 1 } });
    await world.clock.advance(0);
    expect(store.counts.get('putPayload')).toBe(1);
    expect(world.events).toEqual([]);
    release();
    const { run, isRepeat } = await starting;
    expect(isRepeat).toBe(false);
    expect(await world.find(run.id)).toEqual(run);
    expect(await world.payload(run.id, 'input')).toEqual({ n: 1 });
    expect(world.events).toMatchObject([{ kind: 'runQueued', run: { id: run.id } }]);
  });

  test('names the pipeline that was meant', async () => {
    const error = await refusal(new RunWorld().runs.startRun({ ...REQUEST, pipeline: 'defualt' }));
    expect(error).toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
    expect(error.message).toContain('did you mean default?');
  });

  test('fills in defaults of the params and refuses what does not fit, naming every place', async () => {
    const params: JsonObject = {
      type: 'object',
      properties: { limit: { type: 'integer', default: 10 }, day: { type: 'string' } },
      required: ['day'],
    };
    const world = new RunWorld({ pipelines: [makePipeline({ params })] });
    const { run } = await world.runs.startRun({ ...REQUEST, params: { day: 'mon' } });
    expect({ ...run.params }).toEqual({ day: 'mon', limit: 10 });
    const error = await refusal(world.runs.startRun({ ...REQUEST, params: { limit: 'many' } }));
    expect(error.code).toBe('PARAMS_INVALID');
    expect(error.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('params.limit'),
      expect.stringContaining('params.day'),
    ]);
  });

  test.each<[string, JsonValue]>([
    ['nested too deep', nested(65)],
    ['nested absurdly deep', nested(200_000)],
    ['too large', 'x'.repeat(8 * 1024 * 1024)],
  ])('refuses data that is %s', async (_, data) => {
    const error = await refusal(new RunWorld().runs.startRun({ ...REQUEST, data }));
    expect(error.code).toBe('INPUT_INVALID');
  });

  test('accepts data at the limit of depth, and data that is no object', async () => {
    const world = new RunWorld();
    await world.runs.startRun({ ...REQUEST, data: nested(64) });
    const { run } = await world.runs.startRun({ ...REQUEST, data: null });
    expect(await world.store.findPayload(run.id, 'input', patient())).toBe('null');
  });

  test('answers a repeat of a request with the run that stands, and refuses another one with its key', async () => {
    const world = new RunWorld({ settings: { maxQueued: 1 } });
    const request = { ...REQUEST, idempotencyKey: 'k1', data: { a: 1, b: 2 } };
    const first = await world.runs.startRun(request);
    const again = await world.runs.startRun({ ...request, data: { b: 2, a: 1 } });
    expect(again).toEqual({ run: first.run, isRepeat: true });
    const error = await refusal(world.runs.startRun({ ...request, data: { a: 2 } }));
    expect(error.code).toBe('IDEMPOTENCY_CONFLICT');
    expect(await world.store.countQueued('default', 10, patient())).toBe(1);
  });

  test('makes one run of simultaneous requests with one key', async () => {
    const world = new RunWorld();
    const started = await Promise.all(
      Array.from({ length: 20 }, () => world.runs.startRun({ ...REQUEST, idempotencyKey: 'k1' })),
    );
    expect(new Set(started.map(({ run }) => run.id)).size).toBe(1);
    expect(started.filter(({ isRepeat }) => !isRepeat)).toHaveLength(1);
  });

  test('answers a repeat also when the params would be refused by now', async () => {
    const world = new RunWorld();
    const request = { ...REQUEST, idempotencyKey: 'k1' };
    const { run } = await world.runs.startRun(request);
    world.pipelines.set('default', makePipeline({ params: { type: 'object', required: ['day'] } }));
    expect(await world.runs.startRun(request)).toMatchObject({ run: { id: run.id }, isRepeat: true });
    expect(await refusal(world.runs.startRun(REQUEST))).toMatchObject({ code: 'PARAMS_INVALID' });
  });

  test.each(['k', 'x'.repeat(255)])('takes the idempotency key %j', async (idempotencyKey) => {
    const { run } = await new RunWorld().runs.startRun({ ...REQUEST, idempotencyKey });
    expect(run.idempotencyKey).toBe(idempotencyKey);
  });

  test.each(['', 'with space', 'é', 'x'.repeat(256)])('refuses the idempotency key %j', async (idempotencyKey) => {
    const error = await refusal(new RunWorld().runs.startRun({ ...REQUEST, idempotencyKey }));
    expect(error.code).toBe('INPUT_INVALID');
  });

  test('never lets simultaneous requests over the bound of the queue, and says when to come back', async () => {
    const world = new RunWorld({ settings: { maxQueued: 10 } });
    const settled = await Promise.allSettled(Array.from({ length: 50 }, () => world.runs.startRun(REQUEST)));
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(await world.store.countQueued('default', 100, patient())).toBe(10);
    const error = await refusal(world.runs.startRun(REQUEST));
    expect(error).toMatchObject({ code: 'QUEUE_FULL', isRetryable: true, retryAfterMs: 1_000 });
    expect(world.events).toContainEqual({
      kind: 'runRefused',
      pipeline: 'default',
      trigger: 'api',
      code: 'QUEUE_FULL',
    });
  });

  test('counts inserts that are under way', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store, settings: { maxQueued: 1 } });
    const release = store.hold('insertRun');
    const first = world.runs.startRun(REQUEST);
    await world.clock.advance(0);
    const second = refusal(world.runs.startRun(REQUEST));
    await world.clock.advance(0);
    release();
    await first;
    expect((await second).code).toBe('QUEUE_FULL');
  });

  test('keeps the place of a run whose fate is unknown', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store, settings: { maxQueued: 1 } });
    store.loseAnswer('insertRun');
    expect((await refusal(world.runs.startRun(REQUEST))).code).toBe('STORE_TIMEOUT');
    expect((await refusal(world.runs.startRun(REQUEST))).code).toBe('QUEUE_FULL');
  });

  test('has room again when runs left the queue', async () => {
    const world = new RunWorld({ settings: { maxQueued: 2 } });
    await Promise.all([world.runs.startRun(REQUEST), world.runs.startRun(REQUEST)]);
    await world.store.claimRuns(
      { worker: world.settings.workerId, limit: 1, nowMs: world.clock.nowMs(), pipelines: ['default'] },
      patient(),
    );
    const settled = await Promise.allSettled([world.runs.startRun(REQUEST), world.runs.startRun(REQUEST)]);
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test.each(['putPayload', 'insertRun'] as const)('rejects when the fate of %s is unknown', async (operation) => {
    const store = new HangingStore();
    const world = new RunWorld({ store });
    store.loseAnswer(operation);
    const error = await refusal(world.runs.startRun({ ...REQUEST, data: { n: 1 } }));
    expect(error.code).toBe('STORE_TIMEOUT');
    expect(world.events.map(({ kind }) => kind)).toEqual(['runRefused']);
  });

  test('rejects in time when the store hangs', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store });
    store.hold('insertRun');
    const refused = refusal(world.runs.startRun(REQUEST));
    await world.clock.advance(world.settings.storeTimeoutMs);
    expect((await refused).code).toBe('STORE_TIMEOUT');
  });
});
