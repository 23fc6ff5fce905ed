// Concurrency of a pipeline: never more runs under way than it admits, per key, and what becomes of the others.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { ConcurrencySpec } from '../../../src/core/pipeline.ts';
import type { Run } from '../../../src/core/run.ts';
import { type Act, untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { buildRun, newRunId, patient } from '../../support/store/build-records.ts';

const BY_CUSTOMER = { max: 1, key: 'params.customer', whenFull: 'queue' } as const;
const ONE = { max: 1, key: null, whenFull: 'queue' } as const;

/** A plugin that works until it is told to end, and knows how many runs of a customer it serves at once. */
class Plugin {
  readonly #open = new Map<RunId, () => void>();
  readonly #busy = new Map<string, number>();
  mostAtOnce = 0;

  readonly act: Act = async (call) => {
    const { context } = call.input as { context: { params: { customer?: string } } };
    const customer = context.params.customer ?? '';
    const ended = new Promise<void>((resolve) => this.#open.set(call.request.runId, resolve));
    this.#count(customer, 1);
    const stopped = untilStopped(call);
    const answer = await Promise.race([ended.then(() => ({ data: {} })), stopped]);
    this.#count(customer, -1);
    this.#open.delete(call.request.runId);
    return answer;
  };

  get open(): readonly RunId[] {
    return [...this.#open.keys()];
  }

  finish(runId: RunId): void {
    this.#open.get(runId)?.();
  }

  #count(customer: string, by: number): void {
    const busy = (this.#busy.get(customer) ?? 0) + by;
    this.#busy.set(customer, busy);
    this.mostAtOnce = Math.max(this.mostAtOnce, busy);
  }
}

async function openWorld(
  concurrency: ConcurrencySpec | null,
  options: Partial<WorldOptions> = {},
): Promise<{ world: RunWorld; plugin: Plugin }> {
  const world = new RunWorld({
    pipelines: [makePipeline({ concurrency })],
    versions: [makePlugin('steady')],
    expressions: new CelExpressions(),
    ...options,
  });
  const plugin = new Plugin();
  world.invoker.on('steady', plugin.act);
  await world.runs.start();
  await world.clock.advance(100);
  return { world, plugin };
}

async function start(world: RunWorld, params: JsonObject = {}): Promise<Run> {
  return (await world.runs.startRun({ pipeline: 'default', trigger: 'api', params, data: {} })).run;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'accepted',
    (error: unknown) => (error instanceof GantryError ? error.code : String(error)),
  );
}

/** Waits until exactly these runs are in the hands of plugins. */
async function untilOpen(world: RunWorld, plugin: Plugin, ...runs: readonly Run[]): Promise<void> {
  const wanted = runs.map(({ id }) => id).toSorted();
  await world.until(() => plugin.open.toSorted().join() === wanted.join());
}

async function heldPlaces(world: RunWorld): Promise<number> {
  return (await world.store.places.listHeld(null, 100, patient())).flatMap(({ runIds }) => runIds).length;
}

describe('concurrency', () => {
  test('lets as many runs of a key go on as it says, the next one when one has ended, and other keys at once', async () => {
    const { world, plugin } = await openWorld(BY_CUSTOMER);
    const [first, second, third] = [
      await start(world, { customer: 'a' }),
      await start(world, { customer: 'a' }),
      await start(world, { customer: 'a' }),
    ];
    const other = await start(world, { customer: 'b' });
    expect(first).toMatchObject({ state: 'queued', concurrencyKey: 'a' });
    await untilOpen(world, plugin, first, other);
    expect(await world.find(second.id)).toMatchObject({ state: 'queued', needsPlace: true });
    plugin.finish(first.id);
    await untilOpen(world, plugin, second, other);
    plugin.finish(second.id);
    plugin.finish(other.id);
    await untilOpen(world, plugin, third);
    plugin.finish(third.id);
    for (const { id } of [first, second, third, other]) expect((await world.settle(id)).state).toBe('succeeded');
    await world.close();
    expect(plugin.mostAtOnce).toBe(1);
    expect(await heldPlaces(world)).toBe(0);
  });

  test('never lets more go on than it says, whatever is started, ended and cancelled in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.tuple(fc.constantFrom('start', 'finish', 'cancel'), fc.nat(7)), { maxLength: 25 }),
        async (max, moves) => {
          const { world, plugin } = await openWorld({ ...BY_CUSTOMER, max });
          const runs: Run[] = [];
          for (const [move, number] of moves) {
            if (move === 'start') runs.push(await start(world, { customer: `c${String(number % 2)}` }));
            const run = runs[number % Math.max(1, runs.length)];
            if (move === 'finish' && run !== undefined) plugin.finish(run.id);
            if (move === 'cancel' && run !== undefined) await refusal(world.runs.requestCancel(run.id));
            await world.clock.advance(25);
          }
          await world.until(async () => {
            for (const id of plugin.open) plugin.finish(id);
            return (await world.store.countRuns({ states: ['queued', 'running', 'waiting'] }, patient())) === 0;
          });
          await world.close();
          expect(plugin.mostAtOnce).toBeLessThanOrEqual(max);
          expect(await heldPlaces(world)).toBe(0);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('ends a run at once as cancelled with CONCURRENCY_SKIPPED where it is to be skipped', async () => {
    const { world, plugin } = await openWorld({ ...ONE, whenFull: 'skip' });
    const first = await start(world);
    await untilOpen(world, plugin, first);
    const skipped = await start(world);
    expect(skipped).toMatchObject({ state: 'cancelled', failure: { code: 'CONCURRENCY_SKIPPED' } });
    expect(await world.find(skipped.id)).toEqual(skipped);
    expect(skipped.hooks).toMatchObject([{ hook: 'fetch', state: 'cancelled' }]);
    const events = await world.store.listEvents(skipped.id, 0, 10, patient());
    expect(events.map(({ kind }) => kind)).toEqual(['runQueued', 'runFinished']);
    plugin.finish(first.id);
    await world.settle(first.id);
    const third = await start(world);
    await untilOpen(world, plugin, third);
    await world.close();
  });

  test('refuses a run with CONCURRENCY_FULL where it is to be rejected, and leaves nothing of it', async () => {
    const { world, plugin } = await openWorld({ ...BY_CUSTOMER, whenFull: 'reject' });
    const first = await start(world, { customer: 'a' });
    await untilOpen(world, plugin, first);
    expect(await refusal(start(world, { customer: 'a' }))).toBe('CONCURRENCY_FULL');
    expect(world.events.at(-1)).toMatchObject({ kind: 'runRefused', code: 'CONCURRENCY_FULL' });
    const other = await start(world, { customer: 'b' });
    await untilOpen(world, plugin, first, other);
    expect(await world.store.countRuns({}, patient())).toBe(2);
    plugin.finish(first.id);
    await world.settle(first.id);
    const third = await start(world, { customer: 'a' });
    await untilOpen(world, plugin, other, third);
    await world.close();
  });

  test('ends the earlier runs of the key for a new one, which begins when they have ended', async () => {
    const { world, plugin } = await openWorld({ ...BY_CUSTOMER, whenFull: 'cancel_previous' });
    const first = await start(world, { customer: 'a' });
    const other = await start(world, { customer: 'b' });
    await untilOpen(world, plugin, first, other);
    const [second, third] = [await start(world, { customer: 'a' }), await start(world, { customer: 'a' })];
    await untilOpen(world, plugin, other, third);
    expect((await world.settle(first.id)).failure?.code).toBe('CANCELLED');
    expect((await world.settle(second.id)).failure?.code).toBe('CANCELLED');
    plugin.finish(third.id);
    expect((await world.settle(third.id)).state).toBe('succeeded');
    expect(plugin.mostAtOnce).toBe(1);
    await world.close();
  });

  test.each([
    ['params.missing', 'EXPRESSION_INVALID'],
    ['params.long', 'INPUT_INVALID'],
    ['data.n + 1', '4'],
    ['data', '{"n":3}'],
    ['null', 'null'],
  ])('takes the key %s over params and data as %s', async (key, expected) => {
    const { world } = await openWorld({ ...ONE, key });
    const params = { long: 'x'.repeat(300) };
    const request = { pipeline: 'default', trigger: 'api', params, data: { n: 3 } } as const;
    if (expected.endsWith('_INVALID')) expect(await refusal(world.runs.startRun(request))).toBe(expected);
    else expect((await world.runs.startRun(request)).run.concurrencyKey).toBe(expected);
    await world.close();
  });

  test('gives back the places of runs that ended elsewhere or never came, and admits who waits for one', async () => {
    const { world, plugin } = await openWorld(ONE, { settings: { heartbeatMs: 500, deadAfterMs: 3_000 } });
    const place = { pipeline: 'default', key: '' };
    const gone = buildRun({ pipeline: 'default', state: 'failed', concurrencyKey: '' });
    await world.store.insertRun(gone, patient());
    await world.store.places.take(place, gone.id, 1, patient());
    // As a program leaves it that is killed between the two writes.
    const left = buildRun({ pipeline: 'default', concurrencyKey: '', needsPlace: true, readyAtMs: 0 });
    await world.store.insertRun(left, patient());
    await untilOpen(world, plugin, left);
    plugin.finish(left.id);
    await world.settle(left.id);
    // The run's place is given back a moment after its end.
    const stranger = newRunId();
    while (!(await world.store.places.take(place, stranger, 1, patient()))) await world.clock.advance(10);
    const late = await start(world);
    await world.clock.advance(30_000);
    expect(plugin.open).toEqual([]);
    await untilOpen(world, plugin, late);
    await world.close();
  });

  test('lets everyone in when the pipeline has no bound any more', async () => {
    const { world, plugin } = await openWorld(ONE);
    const runs = [await start(world), await start(world), await start(world)];
    await world.clock.advance(1_000);
    expect(plugin.open).toHaveLength(1);
    world.pipelines.set('default', makePipeline());
    await untilOpen(world, plugin, ...runs);
    await world.close();
  });
});
