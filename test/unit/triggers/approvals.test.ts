// Hooks that wait for a person: asked, decided once, timed out, over restarts; and what plugins and callers hear of it.
import { afterEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import type { ApprovalSpec } from '../../../src/core/pipeline.ts';
import type { DecisionRequest } from '../../../src/triggers/decide-approval.ts';
import { untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { newRunId } from '../../support/store/build-records.ts';

const DAY_MS = 86_400_000;
const APPROVAL: ApprovalSpec = { roles: [], timeoutMs: DAY_MS, onTimeout: 'reject' };
const VERSIONS = [makePlugin('before'), makePlugin('after', { hooks: ['publish'] })];

const worlds: RunWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

function pipelineWith(approval: Partial<ApprovalSpec> = {}): ReturnType<typeof makePipeline> {
  return makePipeline({
    timeoutMs: 60_000,
    hooks: [{ name: 'fetch' }, { name: 'approve', approval: { ...APPROVAL, ...approval } }, { name: 'publish' }],
  });
}

async function open(options: WorldOptions = {}): Promise<RunWorld> {
  const world = new RunWorld({ pipelines: [pipelineWith()], versions: VERSIONS, ...options });
  worlds.push(world);
  await world.runs.start();
  await world.clock.advance(50);
  return world;
}

/** A run that waits for its decision. */
async function waitingRun(world: RunWorld): Promise<RunId> {
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: {} });
  await world.until(async () => (await world.find(run.id)).state === 'waiting');
  return run.id;
}

function decision(runId: RunId, changes: Partial<DecisionRequest> = {}): DecisionRequest {
  return { runId, hook: 'approve', decision: 'approve', by: 'cli', comment: null, ...changes };
}

describe('a hook with an approval', () => {
  it('waits without a worker until it is approved, then goes on at once', async () => {
    const world = await open();
    const id = await waitingRun(world);
    const waiting = await world.find(id);
    expect(waiting.hooks.map(({ state }) => state)).toEqual(['succeeded', 'waiting', 'pending']);
    expect(waiting.worker).toBeNull();
    await world.clock.advance(3_600_000);
    expect((await world.find(id)).state).toBe('waiting');
    await world.runs.decideApproval(decision(id, { comment: 'fine' }));
    const run = await world.settle(id);
    expect(run).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(run.hooks[1]).toMatchObject({ state: 'succeeded', approval: { decided: { by: 'cli', comment: 'fine' } } });
    expect(world.events.filter(({ kind }) => kind === 'approvalDecided')).toHaveLength(1);
    const told = world.invoker.calls.find(({ plugin }) => plugin === 'after')?.input;
    const entry = { status: 'approved', data: { decision: 'approve', by: 'cli', comment: 'fine' } };
    expect(told).toMatchObject({ context: { results: { approve: { '@approval': entry } } } });
  });

  it('fails its run when it is rejected, and calls nothing behind it', async () => {
    const world = await open();
    const id = await waitingRun(world);
    await world.runs.decideApproval(decision(id, { decision: 'reject' }));
    const run = await world.settle(id);
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'APPROVAL_REJECTED', hook: 'approve' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['succeeded', 'failed', 'skipped']);
    expect(world.invoker.calls.map(({ plugin }) => plugin)).toEqual(['before']);
  });

  it.each([
    ['reject', 'failed'],
    ['approve', 'succeeded'],
  ] as const)('is decided by its pipeline when nobody does: %s', async (onTimeout, state) => {
    const world = await open({ pipelines: [pipelineWith({ timeoutMs: 5_000, onTimeout })] });
    const id = await waitingRun(world);
    const run = await world.settle(id);
    expect(run.state).toBe(state);
    expect(run.hooks[1]?.approval?.decided).toMatchObject({ decision: onTimeout, by: 'timeout' });
  });

  it('takes nothing of the time of its run: what it needs is added to the deadline', async () => {
    const world = await open();
    const id = await waitingRun(world);
    const asked = await world.find(id);
    const ownMs = (asked.startedAtMs ?? 0) + 60_000;
    expect(asked.deadlineAtMs).toBe(ownMs + DAY_MS);
    await world.clock.advance(7_200_000);
    const decided = await world.runs.decideApproval(decision(id));
    const waitedMs = decided.atMs - (asked.hooks[1]?.approval?.askedAtMs ?? 0);
    expect((await world.find(id)).deadlineAtMs).toBe(ownMs + waitedMs);
  });

  it('is still open in the next program, and remembers what was decided in between', async () => {
    const first = await open();
    const [early, late] = [await waitingRun(first), await waitingRun(first)];
    await first.close();
    worlds.length = 0;
    const { store, clock, invoker } = first;
    // Decided while no worker is there.
    const idle = new RunWorld({ pipelines: [pipelineWith()], versions: VERSIONS, store, clock, invoker });
    await idle.runs.decideApproval(decision(early));
    const second = await open({ store, clock, invoker });
    expect(await second.settle(early)).toMatchObject({ state: 'succeeded' });
    expect((await second.find(late)).state).toBe('waiting');
    await second.runs.decideApproval(decision(late));
    expect(await second.settle(late)).toMatchObject({ state: 'succeeded' });
    expect(invoker.calls.filter(({ plugin }) => plugin === 'before')).toHaveLength(2);
  });
});

describe('a decision', () => {
  it('has the same answer when it is made again, and another one is refused', async () => {
    const world = await open();
    const id = await waitingRun(world);
    const first = await world.runs.decideApproval(decision(id, { comment: 'one' }));
    expect(await world.runs.decideApproval(decision(id, { comment: 'two' }))).toEqual(first);
    await world.settle(id);
    expect(await world.runs.decideApproval(decision(id))).toEqual(first);
    const other = world.runs.decideApproval(decision(id, { decision: 'reject' }));
    await expect(other).rejects.toMatchObject({ code: 'APPROVAL_DECIDED' });
  });

  it('stands once, however many are made at the same time', async () => {
    const world = await open();
    const id = await waitingRun(world);
    const all = await Promise.allSettled(
      (['approve', 'reject', 'approve', 'reject'] as const).map((one) =>
        world.runs.decideApproval(decision(id, { decision: one })),
      ),
    );
    const made = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value.decision] : []));
    expect(new Set(made).size).toBe(1);
    const refused = all
      .filter((one) => one.status === 'rejected')
      .map(({ reason }) => (reason as { code: string }).code);
    expect(refused).toEqual(['APPROVAL_DECIDED', 'APPROVAL_DECIDED']);
    await world.settle(id);
    expect((await world.find(id)).hooks[1]?.approval?.decided?.decision).toBe(made[0]);
  });

  it('is refused for a run or a hook that waits for none', async () => {
    const world = await open();
    const id = await waitingRun(world);
    const refusals = [
      [decision(newRunId()), 'RUN_NOT_FOUND'],
      [decision(id, { hook: 'publish' }), 'APPROVAL_NOT_ASKED'],
      [decision(id, { hook: 'nothing' }), 'APPROVAL_NOT_ASKED'],
      [decision(id, { comment: 'x'.repeat(2_001) }), 'INPUT_INVALID'],
    ] as const;
    for (const [request, code] of refusals)
      await expect(world.runs.decideApproval(request)).rejects.toMatchObject({ code });
    await world.runs.requestCancel(id);
    await expect(world.runs.decideApproval(decision(id))).rejects.toMatchObject({ code: 'RUN_FINISHED' });
  });

  it.each([
    ['approve', 'succeeded', ['succeeded', 'succeeded', 'succeeded']],
    ['reject', 'failed', ['succeeded', 'failed', 'skipped']],
  ] as const)('is decided while another branch is at work here: %s', async (said, state, hooks) => {
    const gate = Promise.withResolvers<undefined>();
    const pipeline = makePipeline({
      timeoutMs: 60_000,
      hooks: [{ name: 'fetch' }, { name: 'approve', after: [], approval: APPROVAL }, { name: 'publish' }],
    });
    const world = await open({ pipelines: [pipeline] });
    world.invoker.on('before', async () => {
      await gate.promise;
      return { data: {} };
    });
    const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: {} });
    await world.until(async () => (await world.find(run.id)).hooks[1]?.state === 'waiting');
    const made = await world.runs.decideApproval(decision(run.id, { decision: said }));
    expect(made.decision).toBe(said);
    await world.until(async () => (await world.find(run.id)).hooks[1]?.approval?.decided !== null);
    const stored = await world.find(run.id);
    expect(stored).toMatchObject({
      state: 'running',
      hooks: [{ state: 'running' }, { approval: { decided: made } }, {}],
    });
    expect(stored.deadlineAtMs).toBeLessThanOrEqual(world.clock.nowMs() + 60_000);
    expect(await world.runs.decideApproval(decision(run.id, { decision: said }))).toEqual(made);
    if (said === 'approve') await world.until(() => world.invoker.calls.some(({ plugin }) => plugin === 'after'));
    gate.resolve(undefined);
    const ended = await world.settle(run.id);
    expect(ended.state).toBe(state);
    expect(ended.hooks.map((hook) => hook.state)).toEqual(hooks);
    expect(world.events.filter(({ kind }) => kind === 'approvalDecided')).toHaveLength(1);
  });

  it('gives its time to a branch that is at work beside it, and takes back what the decision did not need', async () => {
    const gate = Promise.withResolvers<undefined>();
    const pipeline = makePipeline({
      timeoutMs: 10_000,
      hooks: [
        { name: 'approve', approval: APPROVAL },
        { name: 'fetch', after: [] },
      ],
    });
    const world = await open({ pipelines: [pipeline] });
    world.invoker.on('before', async (call) => {
      await Promise.race([gate.promise, untilStopped(call)]);
      return { data: {} };
    });
    const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: {} });
    await world.until(async () => (await world.find(run.id)).hooks[0]?.state === 'waiting');
    await world.clock.advance(60_000);
    expect(await world.find(run.id)).toMatchObject({
      state: 'running',
      hooks: [{ state: 'waiting' }, { state: 'running' }],
    });
    await world.runs.decideApproval(decision(run.id));
    expect(await world.find(run.id)).toMatchObject({ state: 'running', hooks: [{}, { state: 'running' }] });
    const ended = await world.settle(run.id, 30_000);
    expect(ended).toMatchObject({ state: 'timed_out', failure: { hook: 'fetch' } });
    expect((ended.finishedAtMs ?? 0) - (ended.startedAtMs ?? 0)).toBeGreaterThan(69_000);
    gate.resolve(undefined);
  });
});
