// Ten thousand random plans against a model of a few lines: whatever the hooks, orders, policies, outcomes and cancellations, a run
// reaches the one end that the model says, in order, and no plugin is called twice (I-5).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CoarseDeadlines } from '../../../src/core/coarse-deadlines.ts';
import type { Invocation } from '../../../src/core/invocation.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Outcome } from '../../../src/core/outcome.ts';
import { isTerminal } from '../../../src/core/run.ts';
import { RunExecution } from '../../../src/pipeline/execute-run.ts';
import { LogBuffer } from '../../../src/pipeline/records/log-buffer.ts';
import { CRASH, OK, untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

const TEN_MINUTES_MS = 600_000;

interface PlannedPlugin {
  readonly name: string;
  readonly hook: number;
  readonly order: number;
  readonly isFailHard: boolean;
  readonly act: 'ok' | 'skipped' | 'crash' | 'cancel';
  readonly data: JsonObject;
}

interface Plan {
  readonly hookCount: number;
  readonly doesConflictFail: boolean;
  readonly plugins: readonly PlannedPlugin[];
}

const anyPlan: fc.Arbitrary<Plan> = fc.integer({ min: 1, max: 3 }).chain((hookCount) =>
  fc.record({
    hookCount: fc.constant(hookCount),
    doesConflictFail: fc.boolean(),
    plugins: fc
      .array(
        fc.record({
          hook: fc.integer({ min: 0, max: hookCount - 1 }),
          order: fc.integer({ min: 1, max: 3 }),
          isFailHard: fc.boolean(),
          act: fc.oneof(
            { weight: 12, arbitrary: fc.constantFrom('ok' as const, 'skipped' as const, 'crash' as const) },
            { weight: 1, arbitrary: fc.constant('cancel' as const) },
          ),
          data: fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 2 })),
        }),
        { maxLength: 6 },
      )
      .map((plugins) => plugins.map((plugin, index) => ({ ...plugin, name: `p${String(index)}` }))),
  }),
);

interface Expected {
  readonly state: string;
  readonly called: readonly string[];
  readonly data: JsonObject;
  readonly hooks: readonly string[];
}

function writtenBy(group: readonly PlannedPlugin[]): readonly JsonObject[] {
  return group.filter(({ act }) => act === 'ok').map(({ data }) => data);
}

function endOfGroup(group: readonly PlannedPlugin[], doesConflictFail: boolean): string {
  const written = writtenBy(group).flatMap((one) => Object.entries(one));
  const [keys, values] = [new Set(written.map(([key]) => key)), new Set(written.map((one) => JSON.stringify(one)))];
  const hasClash = doesConflictFail && keys.size < values.size;
  if (group.some(({ act }) => act === 'cancel')) return 'cancelled';
  return hasClash || group.some(({ act, isFailHard }) => act === 'crash' && isFailHard) ? 'failed' : 'succeeded';
}

/** The rules of a run, said as shortly as possible. */
function predict(plan: Plan): Expected {
  const called: string[] = [];
  const hooks: string[] = [];
  let data: JsonObject = {};
  let state = 'succeeded';
  for (let hook = 0; hook < plan.hookCount; hook += 1) {
    const inHook = plan.plugins.filter((plugin) => plugin.hook === hook);
    if (state !== 'succeeded') {
      hooks.push(state === 'failed' ? 'skipped' : 'cancelled');
      continue;
    }
    for (const order of [1, 2, 3]) {
      if (state !== 'succeeded') break;
      const group = inHook.filter((plugin) => plugin.order === order);
      called.push(...group.map(({ name }) => name));
      data = Object.assign({}, data, ...writtenBy(group)) as JsonObject;
      state = endOfGroup(group, plan.doesConflictFail);
    }
    hooks.push(state === 'succeeded' ? (inHook.length === 0 ? 'skipped' : 'succeeded') : state);
  }
  return { state, called, data, hooks };
}

const OUTCOMES: Readonly<Record<'ok' | 'skipped' | 'crash', Outcome>> = {
  ok: OK,
  skipped: { code: 'skipped', message: 'nothing to do' },
  crash: CRASH,
};

async function play(plan: Plan) {
  const names = Array.from({ length: plan.hookCount }, (_, index) => `h${String(index)}`);
  const world = new RunWorld({
    pipelines: [makePipeline({ hookNames: names, onMergeConflict: plan.doesConflictFail ? 'fail' : 'warn' })],
    versions: plan.plugins.map(({ name, hook, order, isFailHard }) =>
      makePlugin(name, { hooks: [`h${String(hook)}`], order, failHard: isFailHard }),
    ),
  });
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: {} });
  const claim = { worker: world.settings.workerId, limit: 1, nowMs: world.clock.nowMs(), pipelines: ['default'] };
  const [claimed] = await world.store.claimRuns(claim, patient());
  if (claimed === undefined) throw new Error('the run was not claimed');
  const { ports, settings, clock } = world;
  const shared = { ports, settings, logs: new LogBuffer(ports, settings), deadlines: new CoarseDeadlines(clock) };
  const execution = new RunExecution(claimed, shared, null);
  for (const { name, act, data } of plan.plugins) {
    world.invoker.on(name, (call) => {
      if (act !== 'cancel') return { outcome: OUTCOMES[act], data };
      execution.stop.stop('cancelled');
      return untilStopped(call);
    });
  }
  await execution.ended;
  shared.deadlines[Symbol.dispose]();
  return { world, run: await world.find(run.id) };
}

function isClosed({ state, outcome }: Invocation): boolean {
  return outcome !== null && state !== 'pending' && state !== 'running';
}

describe('any plan', () => {
  test(
    'ends as the rules say, with every plugin called at most once and in order',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyPlan, async (plan) => {
          const expected = predict(plan);
          const { world, run } = await play(plan);
          expect(isTerminal(run.state)).toBe(true);
          expect(run.state).toBe(expected.state);
          expect(run.hooks.map(({ state }) => state)).toEqual(expected.hooks);
          expect(world.invoker.calls.map(({ plugin }) => plugin)).toEqual(expected.called);
          expect((await world.payload(run.id, 'data')) ?? {}).toEqual(expected.data);
          const invocations = await world.store.listInvocations(run.id, patient());
          expect(invocations.map(({ plugin }) => plugin).sort()).toEqual([...expected.called].sort());
          expect(invocations.every(isClosed)).toBe(true);
          expect(world.events.filter(({ kind }) => kind === 'runFinished')).toHaveLength(1);
          expect(world.clock.pendingTimers).toBe(0);
        }),
        { numRuns: 10_000 },
      );
    },
    TEN_MINUTES_MS,
  );
});
