// A decision that comes at the very moment at which its run is let go to wait: between what was looked at last and the write that lets go, or
// while that write is under way. It must neither get lost nor end the run.
import { afterEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/run.ts';
import type { StoreOptions, StoreWrite } from '../../../src/core/ports/store.ts';
import { makePipeline, RunWorld } from '../../support/pipeline/run-world.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

const DAY_MS = 86_400_000;

type Chains = readonly (readonly StoreWrite[])[];

/** Does something about a run once, before or after the write of it that is as wanted. */
class InterruptedStore extends MemoryStore {
  act: (id: RunId) => Promise<unknown> = () => Promise.resolve();
  hasActed = false;
  readonly #when: 'before' | 'after';
  readonly #runOf: (write: StoreWrite) => RunId | null;

  constructor(when: 'before' | 'after', runOf: (write: StoreWrite) => RunId | null) {
    super();
    this.#when = when;
    this.#runOf = runOf;
  }

  override async writeAll(chains: Chains, options: StoreOptions): Promise<readonly boolean[]> {
    const id = chains
      .flat()
      .map(this.#runOf)
      .find((one) => one !== null);
    if (id === undefined || this.hasActed) return await super.writeAll(chains, options);
    this.hasActed = true;
    if (this.#when === 'before') await this.act(id);
    const written = await super.writeAll(chains, options);
    if (this.#when === 'after') await this.act(id);
    return written;
  }
}

/** The run that the write lets go. */
function letGo(write: StoreWrite): RunId | null {
  return write.kind === 'updateRun' && write.changes.state === 'waiting' ? write.id : null;
}

/** The run of which the write says that a decision is asked for; it is at work still. */
function asked(write: StoreWrite): RunId | null {
  if (write.kind !== 'updateRun' && write.kind !== 'insertRun') return null;
  const { hooks = [], state } = write.kind === 'insertRun' ? write.run : write.changes;
  const isAsked = hooks.some(({ approval }) => approval?.decided === null);
  if (state === 'waiting' || !isAsked) return null;
  return write.kind === 'insertRun' ? write.run.id : write.id;
}

let world: RunWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

async function settle(store: InterruptedStore, act: (world: RunWorld, id: RunId) => Promise<unknown>): Promise<Run> {
  const approval = { roles: [], onTimeout: 'reject', timeoutMs: DAY_MS } as const;
  const pipelines = [makePipeline({ hooks: [{ name: 'fetch' }, { name: 'approve', approval }] })];
  const opened = new RunWorld({ store, pipelines });
  world = opened;
  store.act = (id) => act(opened, id);
  await opened.runs.start();
  await opened.clock.advance(50);
  const { run } = await opened.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: {} });
  const settled = await opened.settle(run.id);
  expect(store.hasActed).toBe(true);
  return settled;
}

describe.each([
  ['while the write that lets the run go is under way', 'before', letGo],
  ['between what was looked at last and that write', 'after', asked],
] as const)('what comes %s', (_moment, when, runOf) => {
  it.each([
    ['approve', 'succeeded'],
    ['reject', 'failed'],
  ] as const)('is heard: %s', async (decision, state) => {
    const run = await settle(new InterruptedStore(when, runOf), ({ runs }, runId) =>
      runs.decideApproval({ runId, hook: 'approve', decision, by: 'cli', comment: null }),
    );
    expect(run).toMatchObject({ state, epoch: 1, hooks: [{}, { approval: { decided: { decision, by: 'cli' } } }] });
  });

  it('is heard: a cancel', async () => {
    const run = await settle(new InterruptedStore(when, runOf), ({ runs }, id) => runs.requestCancel(id));
    expect(run).toMatchObject({ state: 'cancelled', failure: { code: 'CANCELLED' } });
  });
});
