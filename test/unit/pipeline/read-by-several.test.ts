// Several programs read one pipelines file, each when it looks next: a run that was made or begun by a change of it must not be harmed by a
// program that has not read the change yet.
import { afterEach, expect, it } from 'vitest';
import { makePipeline, RunWorld } from '../../support/pipeline/run-world.ts';

const DAY_MS = 86_400_000;
const APPROVAL = { roles: [], onTimeout: 'reject', timeoutMs: DAY_MS } as const;

const worlds: RunWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** Two programs on one store: one has read that there is another hook, the other will with its next look. */
function openTwo(): { readonly ahead: RunWorld; readonly behind: RunWorld } {
  const ask = { name: 'ask', approval: APPROVAL };
  const before = makePipeline({ hooks: [ask], version: 'old' });
  const after = makePipeline({ hooks: [{ name: 'added' }, ask], version: 'new' });
  const settings = { isOnlyWorker: false };
  const ahead = new RunWorld({ pipelines: [after], settings });
  const { store, clock, invoker } = ahead;
  const behind = new RunWorld({ pipelines: [before], settings, store, clock, invoker });
  behind.declared.push(after);
  worlds.push(ahead, behind);
  return { ahead, behind };
}

const REQUEST = { pipeline: 'default', trigger: 'api', params: {}, data: {} } as const;

it('follows the pipeline by which it was accepted', async () => {
  const { ahead, behind } = openTwo();
  const { run } = await ahead.runs.startRun(REQUEST);
  await behind.runs.start();
  await behind.until(async () => (await behind.find(run.id)).state === 'waiting');
  const begun = await behind.find(run.id);
  expect(begun).toMatchObject({ pipelineVersion: 'new', hooks: [{ hook: 'added' }, { hook: 'ask' }] });
  expect(begun.warnings.map(({ code }) => code)).not.toContain('PIPELINE_CHANGED');
});

it('goes on with the pipeline by which it was begun', async () => {
  const { ahead, behind } = openTwo();
  await ahead.runs.start();
  const { run } = await ahead.runs.startRun(REQUEST);
  await ahead.until(async () => (await ahead.find(run.id)).state === 'waiting');
  await ahead.close();
  await behind.runs.start();
  await behind.runs.decideApproval({ runId: run.id, hook: 'ask', decision: 'approve', by: 'cli', comment: null });
  expect(await behind.settle(run.id)).toMatchObject({ state: 'succeeded', failure: null, epoch: 2 });
});
