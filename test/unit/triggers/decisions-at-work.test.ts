// Decisions about runs of which other hooks are at work in another program: heard by its worker once, never passed over, never made twice.
import { afterEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import type { DecisionRequest } from '../../../src/triggers/decide-approval.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { newWorkerId, patient } from '../../support/store/build-records.ts';

const DAY_MS = 86_400_000;

const worlds: RunWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

function decision(runId: RunId, changes: Partial<DecisionRequest> = {}): DecisionRequest {
  return { runId, hook: 'approve', decision: 'approve', by: 'cli', comment: null, ...changes };
}

interface AtWork {
  /** the program whose worker holds the run */
  readonly atWork: RunWorld;
  readonly elsewhere: RunWorld;
  readonly id: RunId;
  /** lets the branch beside the approval end */
  readonly goOn: () => void;
}

/** Two programs, and a run of the first one with a hook at work and another one that waits for its decision. */
async function runAtWork({ timeoutMs = DAY_MS, idempotent = false } = {}): Promise<AtWork> {
  const gate = Promise.withResolvers<undefined>();
  const pipeline = makePipeline({
    timeoutMs: 60_000,
    hooks: [
      { name: 'fetch' },
      { name: 'approve', after: [], approval: { roles: [], onTimeout: 'reject', timeoutMs } },
      { name: 'publish' },
    ],
  });
  const options: WorldOptions = {
    pipelines: [pipeline],
    versions: [makePlugin('before', { idempotent }), makePlugin('after', { hooks: ['publish'] })],
    settings: { isOnlyWorker: false },
  };
  const atWork = new RunWorld(options);
  worlds.push(atWork);
  await atWork.runs.start();
  await atWork.clock.advance(50);
  const { store, clock, invoker } = atWork;
  const elsewhere = new RunWorld({ ...options, store, clock, invoker });
  worlds.push(elsewhere);
  invoker.on('before', async () => {
    await gate.promise;
    return { data: {} };
  });
  const { run } = await atWork.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: {} });
  await atWork.until(async () => (await atWork.find(run.id)).hooks[1]?.state === 'waiting');
  return {
    ...{ atWork, elsewhere, id: run.id },
    goOn: () => {
      gate.resolve(undefined);
    },
  };
}

describe('a decision about a run at work in another program', () => {
  it.each([
    ['approve', 'succeeded'],
    ['reject', 'failed'],
  ] as const)(
    'is heard by the worker of a run whose other branches are at work in another program: %s',
    async (said, state) => {
      const { atWork, elsewhere, id, goOn } = await runAtWork();
      const made = await elsewhere.runs.decideApproval(decision(id, { decision: said }));
      expect((await atWork.find(id)).decisions).toEqual([{ hook: 'approve', decided: made }]);
      expect(await elsewhere.runs.decideApproval(decision(id, { decision: said }))).toEqual(made);
      const other = elsewhere.runs.decideApproval(
        decision(id, { decision: said === 'approve' ? 'reject' : 'approve' }),
      );
      await expect(other).rejects.toMatchObject({ code: 'APPROVAL_DECIDED' });
      await atWork.until(async () => (await atWork.find(id)).hooks[1]?.approval?.decided !== null);
      expect((await atWork.find(id)).hooks[1]?.approval?.decided).toEqual(made);
      goOn();
      expect(await atWork.settle(id)).toMatchObject({ state, epoch: 1 });
      const told = [...atWork.events, ...elsewhere.events].filter(({ kind }) => kind === 'approvalDecided');
      expect(told).toHaveLength(1);
    },
  );

  it('is not passed over by a worker that lets the run wait before it has heard of it', async () => {
    const { atWork, elsewhere, id, goOn } = await runAtWork();
    await elsewhere.runs.decideApproval(decision(id));
    goOn();
    const run = await atWork.settle(id);
    expect(run).toMatchObject({
      state: 'succeeded',
      epoch: 1,
      hooks: [{}, { approval: { decided: { by: 'cli' } } }, {}],
    });
  });

  it('outlives the worker that did not hear it: whoever takes the run over does', async () => {
    const { atWork, elsewhere, id } = await runAtWork({ idempotent: true });
    const made = await elsewhere.runs.decideApproval(decision(id));
    atWork.invoker.on('before', () => Promise.resolve({ data: {} }));
    // As if it had died: it beats no more, and nothing that it writes counts.
    const dead = { states: ['running'], epoch: 1 } as const;
    await atWork.store.updateRun(id, dead, { worker: newWorkerId() }, patient());
    await elsewhere.runs.start();
    const run = await elsewhere.settle(id, 60_000, 200);
    expect(run).toMatchObject({ state: 'succeeded', hooks: [{}, { approval: { decided: made } }, {}] });
    expect(elsewhere.events.filter(({ kind }) => kind === 'approvalDecided')).toHaveLength(1);
  });

  it('stands when the time is up before the worker has heard of it', async () => {
    const { atWork, elsewhere, id, goOn } = await runAtWork({ timeoutMs: 5_300 });
    const { clock } = atWork;
    await clock.advance(((await atWork.find(id)).hooks[1]?.approval?.timeoutAtMs ?? 0) - clock.nowMs() - 1);
    const made = await elsewhere.runs.decideApproval(decision(id));
    await clock.advance(2);
    goOn();
    const run = await atWork.settle(id);
    expect(run).toMatchObject({ state: 'succeeded', hooks: [{}, { approval: { decided: made } }, {}] });
    expect(atWork.events.filter(({ kind }) => kind === 'approvalDecided')).toHaveLength(1);
  });

  it('is refused when the pipeline decided first, because the time was up', async () => {
    const { atWork, elsewhere, id, goOn } = await runAtWork({ timeoutMs: 5_300 });
    await atWork.until(async () => (await atWork.find(id)).decisions.length > 0);
    await expect(elsewhere.runs.decideApproval(decision(id))).rejects.toMatchObject({ code: 'APPROVAL_DECIDED' });
    goOn();
    expect(await atWork.settle(id)).toMatchObject({ state: 'failed', failure: { code: 'APPROVAL_REJECTED' } });
  });

  it('is refused for a run that is about to end', async () => {
    const { atWork, elsewhere, id, goOn } = await runAtWork();
    await elsewhere.store.updateRun(id, { states: ['running'] }, { cancelRequestedAtMs: 1 }, patient());
    await expect(elsewhere.runs.decideApproval(decision(id))).rejects.toMatchObject({ code: 'RUN_FINISHED' });
    goOn();
    expect(await atWork.settle(id)).toMatchObject({ state: 'cancelled' });
  });
});
