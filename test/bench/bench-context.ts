// A context of one megabyte there and back, beside the bare references with the same worker; and how far the memory of the process grows
// meanwhile, in payloads. The growth is looked at before anything else runs here.
import { BareAttach } from './bare-attach.ts';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { collectedMemory } from './collected-memory.ts';
import { interleave } from './interleave.ts';
import { quotient } from './measure.ts';
import { RawPipe } from './raw-pipe.ts';
import { WarmWorld } from './warm-world.ts';

const CONTEXT_BYTES = 1024 * 1024;
const CALLS = 8;

export const contextBenchmark: Benchmark = {
  name: 'context',
  title: 'a context of 1 MB there and back, beside the bare transport and a child process',
  goals: [
    {
      ratio: 'context_over_raw_pipe',
      sense: 'at most',
      bound: 3,
      says: 'a large context costs little more than the pipe',
    },
    {
      ratio: 'rss_growth_per_payload',
      sense: 'at most',
      bound: 6,
      says: 'after a collection, few payloads are left in memory',
      obstacle:
        'the C library keeps what the collector freed for the next large message; our own buffers are given back by hand, after which 32 calls over pipes leave -2 to 6 payloads (14 to 50 before, on a busy machine), but by attach Node makes one for each piece it reads (15 to 40 payloads, and the bare attach loop alone 44 to 56)',
    },
  ],
  run: benchContext,
};

async function benchContext(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using world = await WarmWorld.open({ dockerHost, program: 'work-plugin.py' });
  const { warm } = world.versions;
  const { value, data } = world.requestOfLength(CONTEXT_BYTES);
  const small = world.requestOfLength(REQUEST_BYTES);
  const calls = Math.max(2, CALLS * 4 * request.scale);
  const { peakBytes, keptBytes } = await rssGrowthOf(
    () => world.invoke(warm, small.data),
    () => world.invoke(warm, data),
    calls,
  );
  await using bare = await BareAttach.start({ dockerHost, version: warm, worker: 'all' });
  await using raw = new RawPipe('all');
  const found = await interleave(
    [
      { name: 'raw_pipe', calls: CALLS, call: () => raw.call(value) },
      { name: 'bare_attach', calls: CALLS, call: () => bare.call(value) },
      { name: 'warm_invocation', calls: CALLS, call: () => world.invoke(warm, data) },
      { name: 'warm_run', calls: CALLS / 2, call: () => world.run(data) },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      context_over_raw_pipe: found.p50Ratio('warm_invocation', 'raw_pipe'),
      context_over_bare_attach: found.p50Ratio('warm_invocation', 'bare_attach'),
      run_over_bare_attach: found.p50Ratio('warm_run', 'bare_attach'),
      bare_attach_over_raw_pipe: found.p50Ratio('bare_attach', 'raw_pipe'),
      rss_growth_per_payload: quotient(keptBytes, CONTEXT_BYTES),
      rss_peak_per_payload: quotient(peakBytes, CONTEXT_BYTES),
    },
  };
}

/** Bytes of resident memory above what small calls need: the most after any of the calls, and what stays after a collection. */
async function rssGrowthOf(
  warmUp: () => Promise<number>,
  call: () => Promise<number>,
  calls: number,
): Promise<{ readonly peakBytes: number; readonly keptBytes: number }> {
  for (let count = 0; count < calls; count += 1) await warmUp();
  const { rssBytes } = await collectedMemory();
  let mostBytes = rssBytes;
  for (let count = 0; count < calls; count += 1) {
    await call();
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
  }
  const after = await collectedMemory();
  return { peakBytes: mostBytes - rssBytes, keptBytes: Math.max(0, after.rssBytes - rssBytes) };
}
