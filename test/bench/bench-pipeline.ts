// A pipeline of forty hooks that do nothing, every state of it stored: what one hook more costs.
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { BareAttach } from './bare-attach.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { interleave } from './interleave.ts';
import { quotient } from './measure.ts';
import { WarmWorld } from './warm-world.ts';

const HOOKS = 40;

export const pipelineBenchmark: Benchmark = {
  name: 'pipeline',
  title: `a pipeline of ${String(HOOKS)} trivial hooks with every state stored: what one hook more costs`,
  goals: [
    {
      ratio: 'ms_per_hook',
      sense: 'at most',
      bound: 2,
      says: 'a hook more costs at most two milliseconds, stored',
      obstacle:
        'not profiled by itself; in the profile of stored runs our thread is idle for half of the time, waiting for synced transactions',
    },
  ],
  run: benchPipeline,
};

async function benchPipeline(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  const hookNames = Array.from({ length: HOOKS }, (_, index) => `hook_${String(index + 1)}`);
  await using world = await WarmWorld.open({ dockerHost, hookNames });
  const { warm } = world.versions;
  await using bare = await BareAttach.start({ dockerHost, version: warm });
  const { value, data } = world.requestOfLength(REQUEST_BYTES);
  const found = await interleave(
    [
      { name: 'bare_attach', calls: 200, call: () => bare.call(value) },
      { name: 'warm_invocation', calls: 100, call: () => world.invoke(warm, data) },
      { name: 'run_of_40_hooks', calls: 4, call: () => world.run(data) },
    ],
    request,
  );
  const msPerHook = found.p50('run_of_40_hooks') / HOOKS;
  return {
    cases: found.cases,
    ratios: {
      ms_per_hook: Number(msPerHook.toPrecision(4)),
      hook_over_bare_attach: quotient(msPerHook, found.p50('bare_attach')),
      hook_over_warm_invocation: quotient(msPerHook, found.p50('warm_invocation')),
    },
  };
}
