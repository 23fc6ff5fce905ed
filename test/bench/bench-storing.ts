// What it costs to store every run: the same runs, of a plugin that does nothing, over the embedded store and over one that keeps nothing.
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { interleave } from './interleave.ts';
import { WarmWorld } from './warm-world.ts';

const SANDBOXES = 8;
const IN_FLIGHT = 32;

export const storingBenchmark: Benchmark = {
  name: 'storing',
  title: `runs per second over ${String(SANDBOXES)} sandboxes with ${String(IN_FLIGHT)} callers: every run stored, and none`,
  goals: [
    {
      ratio: 'runs_queued_over_unstored',
      sense: 'at least',
      bound: 0.7,
      says: 'storing every run within a bounded time costs at most 30 % of the throughput of storing none',
    },
    {
      ratio: 'runs_stored_over_unstored',
      sense: 'at least',
      bound: 0.7,
      says: 'the same with every state stored before it is told',
      obstacle:
        'a plugin is called when acceptance and start are synced to disk, in one write where the caller waits for the end, and the end is told when that is: each of the two waits for the group before it and for its own, and the plugin of this measurement does nothing, so that nothing else takes time. To store a run takes some 0.1 ms of CPU in the thread of the database and 0.05 to encode and send it. Where it matters, `durability: queued` stores every run at the price of the line above',
    },
  ],
  run: benchStoring,
};

async function benchStoring(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using storing = await WarmWorld.open({ dockerHost, sandboxes: SANDBOXES });
  await using forgetting = await WarmWorld.open({ dockerHost, sandboxes: SANDBOXES, storesNothing: true });
  for (const world of [storing, forgetting]) await world.ready(world.versions.warm);
  const { data } = storing.requestOfLength(REQUEST_BYTES);
  const common = { calls: 800, inFlight: IN_FLIGHT };
  const found = await interleave(
    [
      { ...common, name: 'runs_unstored', call: () => forgetting.run(data) },
      { ...common, name: 'runs_queued', call: () => storing.run(data, 'queued') },
      { ...common, name: 'runs_stored', call: () => storing.run(data) },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      runs_queued_over_unstored: found.rateRatio('runs_queued', 'runs_unstored'),
      runs_stored_over_unstored: found.rateRatio('runs_stored', 'runs_unstored'),
    },
  };
}
