// A fresh process for each invocation, forked inside a sandbox that stands, beside the bare transport, `docker exec` and a container each.
import { BareAttach } from './bare-attach.ts';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { runClassic, runExec } from './contenders.ts';
import { interleave } from './interleave.ts';
import { WarmWorld } from './warm-world.ts';

export const forkBenchmark: Benchmark = {
  name: 'fork',
  title: 'a clean process for each call (reuse: fork), beside docker exec and one container per invocation',
  goals: [
    {
      ratio: 'fork_over_bare_attach',
      sense: 'at most',
      bound: 10,
      says: 'a clean process costs few bare calls',
      obstacle:
        'a fork and its end cost 1.3 to 1.8 ms of CPU in the sandbox, five sixths of it in the kernel (about 190 page faults in the parent alone), and the parent, the child and the parent again have to be woken in turn, each time waiting for a core on a busy machine; the CPU quota is not it (0 to 20 ms withheld in a second)',
    },
    { ratio: 'fork_over_classic', sense: 'at most', bound: 0.01, says: 'a clean process is far from a new container' },
  ],
  run: benchFork,
};

async function benchFork(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using world = await WarmWorld.open({ dockerHost });
  const { warm, fork } = world.versions;
  await using bare = await BareAttach.start({ dockerHost, version: warm });
  const { line, value, data } = world.requestOfLength(REQUEST_BYTES);
  const found = await interleave(
    [
      { name: 'bare_attach', calls: 200, call: () => bare.call(value) },
      { name: 'warm_invocation', calls: 100, call: () => world.invoke(warm, data) },
      { name: 'fork_invocation', calls: 60, call: () => world.invoke(fork, data) },
      { name: 'docker_exec', calls: 2, call: async () => (await runExec(dockerHost, bare.id, line)).settledMs },
      { name: 'classic', calls: 1, call: async () => (await runClassic(dockerHost, line)).settledMs },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      fork_over_bare_attach: found.p50Ratio('fork_invocation', 'bare_attach'),
      fork_over_warm_invocation: found.p50Ratio('fork_invocation', 'warm_invocation'),
      fork_over_classic: found.p50Ratio('fork_invocation', 'classic'),
      classic_over_fork: found.p50Ratio('classic', 'fork_invocation'),
      docker_exec_over_fork: found.p50Ratio('docker_exec', 'fork_invocation'),
    },
  };
}
