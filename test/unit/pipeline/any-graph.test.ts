// Random graphs, random failures, and a kill after any number of writes: every hook begins only after all it follows have ended, nothing
// that ended is done again (I-6), and the run comes to the same end as one that nobody killed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { plainHook } from '../../../src/core/pipeline.ts';
import { isTerminal, type Run } from '../../../src/core/run.ts';
import type { Store, StoreOptions } from '../../../src/core/ports/store.ts';
import { CRASH } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

const TEN_MINUTES_MS = 600_000;

interface PlannedHook {
  readonly name: string;
  readonly after: readonly string[];
  readonly act: 'ok' | 'fails' | 'none' | 'never';
  readonly data: JsonObject;
}

interface Plan {
  readonly hooks: readonly PlannedHook[];
  /** after so many writes of runs the first program is killed */
  readonly writes: number;
}

const anyPlan: fc.Arbitrary<Plan> = fc.integer({ min: 2, max: 6 }).chain((count) =>
  fc.record({
    writes: fc.integer({ min: 1, max: 14 }),
    hooks: fc.tuple(
      ...Array.from({ length: count }, (_, index) =>
        fc.record({
          name: fc.constant(`h${String(index)}`),
          after: fc.subarray(Array.from({ length: index }, (_before, before) => `h${String(before)}`)),
          act: fc.oneof(
            { weight: 9, arbitrary: fc.constant('ok' as const) },
            { weight: 1, arbitrary: fc.constant('fails' as const) },
            { weight: 1, arbitrary: fc.constant('none' as const) },
            { weight: 1, arbitrary: fc.constant('never' as const) },
          ),
          data: fc.dictionary(
            fc.constantFrom('a', 'b', 'c'),
            fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constant(null)),
          ),
        }),
      ),
    ),
  }),
);

/** A store whose first program stops being answered after so many writes, as if it were killed. */
class KillStore extends MemoryStore {
  writesLeft = Number.POSITIVE_INFINITY;

  get isKilled(): boolean {
    return this.writesLeft <= 0;
  }

  protected override async perform<T>(
    operation: keyof Store & string,
    options: StoreOptions,
    work: () => T,
  ): Promise<T> {
    if (operation === 'writeAll') this.writesLeft -= 1;
    if (this.writesLeft < 0) return await new Promise<T>(() => undefined);
    return await super.perform(operation, options, work);
  }
}

function optionsOf({ hooks }: Plan, store: Store): WorldOptions {
  return {
    store,
    expressions: new CelExpressions(),
    pipelines: [
      makePipeline({
        hooks: hooks.map(({ name, after, act }) => ({ name, after, when: act === 'never' ? 'false' : null })),
        onFailure: [plainHook('notify')],
        finally: [plainHook('cleanup')],
      }),
    ],
    versions: [...hooks.filter(({ act }) => act !== 'none').map(({ name }) => name), 'notify', 'cleanup'].map((name) =>
      makePlugin(`p_${name}`, { hooks: [name], failHard: true, idempotent: true }),
    ),
  };
}

function worldOf(plan: Plan, store: Store): RunWorld {
  const world = new RunWorld(optionsOf(plan, store));
  for (const { name, act, data } of plan.hooks)
    world.invoker.on(`p_${name}`, () => (act === 'fails' ? { outcome: CRASH } : { data }));
  return world;
}

const REQUEST = { pipeline: 'default', trigger: 'cli', params: {}, data: { start: true } } as const;

async function uninterrupted(plan: Plan): Promise<Ended> {
  const world = worldOf(plan, new MemoryStore());
  await world.runs.start();
  const { run } = await world.runs.startRun(REQUEST);
  const ended = await world.settle(run.id);
  await world.close();
  return await look(world, ended, [...world.events]);
}

async function killed(plan: Plan): Promise<Ended> {
  const store = new KillStore();
  const first = worldOf(plan, store);
  await first.runs.start();
  await first.clock.advance(100);
  const { run } = await first.runs.startRun(REQUEST);
  store.writesLeft = plan.writes;
  await first.until(async () => store.isKilled || isTerminal((await first.find(run.id)).state));
  // The old program never moves again: its clock stands still.
  store.writesLeft = Number.POSITIVE_INFINITY;
  const second = worldOf(plan, store);
  await second.clock.advance(Math.max(0, first.clock.nowMs() - second.clock.nowMs()));
  await second.runs.start();
  const ended = await second.settle(run.id);
  await second.close();
  return await look(second, ended, [...first.events, ...second.events]);
}

interface Ended {
  readonly run: Run;
  readonly data: unknown;
  readonly events: readonly DomainEvent[];
  /** ends that count, by plugin */
  readonly ends: Readonly<Record<string, number>>;
}

async function look(world: RunWorld, run: Run, events: readonly DomainEvent[]): Promise<Ended> {
  const ends: Record<string, number> = {};
  for (const { plugin, outcome } of await world.store.listInvocations(run.id, patient())) {
    if (outcome !== null && outcome.code !== 'lost' && outcome.code !== 'cancelled')
      ends[plugin] = (ends[plugin] ?? 0) + 1;
  }
  return { run, ends, events, data: await world.payload(run.id, 'data') };
}

/** Every hook that began, began after all it follows had ended. */
function checkOrder({ hooks }: Plan, events: readonly DomainEvent[]): void {
  const ended = new Set<string>();
  for (const event of events) {
    if (event.kind === 'hookFinished') ended.add(event.hook);
    if (event.kind !== 'hookStarted') continue;
    const { after } = hooks.find(({ name }) => name === event.hook) ?? { after: [] };
    expect([event.hook, after.filter((name) => !ended.has(name))]).toEqual([event.hook, []]);
  }
}

function sorted(warnings: Run['warnings']): readonly string[] {
  return warnings.map((warning) => JSON.stringify(warning)).sort();
}

test(
  'any graph keeps its order, ends nothing twice, and ends after a kill as without one',
  async () => {
    await fc.assert(
      fc.asyncProperty(anyPlan, async (plan) => {
        const whole = await uninterrupted(plan);
        const resumed = await killed(plan);
        for (const { run, events, ends } of [whole, resumed]) {
          checkOrder(plan, events);
          expect(Object.values(ends).every((count) => count === 1)).toBe(true);
          const isFailing = plan.hooks.some(({ act }) => act === 'fails');
          expect(run.state).toBe(isFailing ? 'failed' : 'succeeded');
          expect([ends['p_notify'], ends['p_cleanup']]).toEqual([isFailing ? 1 : undefined, 1]);
        }
        if (whole.run.state === 'failed') return;
        expect(resumed.data).toEqual(whole.data);
        expect(resumed.run.hooks.map(({ state }) => state)).toEqual(whole.run.hooks.map(({ state }) => state));
        // Hooks side by side end in any order, and are warned of in that order.
        expect(sorted(resumed.run.warnings)).toEqual(sorted(whole.run.warnings));
      }),
      { numRuns: 500 },
    );
  },
  TEN_MINUTES_MS,
);
