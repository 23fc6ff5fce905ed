// The warm call beside everything one could do instead: the bare transport, a child process, `docker exec`, and a container per invocation.
import { BareAttach } from './bare-attach.ts';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { runClassic, runExec } from './contenders.ts';
import { interleave } from './interleave.ts';
import { RawPipe } from './raw-pipe.ts';
import { WarmWorld } from './warm-world.ts';

/** of the request document: a small context */
export const REQUEST_BYTES = 900;

export const warmBenchmark: Benchmark = {
  name: 'warm',
  title: 'one call at a time of a plugin that is warm, beside the bare transport and one container per invocation',
  goals: [
    {
      ratio: 'warm_attach_over_bare_attach',
      sense: 'at most',
      bound: 1.5,
      says: 'a whole run over attach costs little more than the bare transport',
      obstacle:
        'of the 0.42 ms an invocation alone takes 0.3, as our process, the daemon, the shim and the plugin are woken in turn on two cores; around it a run takes 30 µs of CPU in our process while one follows on the other, and three to four times as much where the process waits in between and finds the caches full of others’ work; its records take 50 µs there and 0.13 ms in the thread of the database, which shares the two cores with the plugins (on a busy machine)',
    },
    {
      ratio: 'warm_fifo_over_bare_attach',
      sense: 'at most',
      bound: 0.7,
      says: 'a whole run over named pipes is faster than the bare transport over attach',
      obstacle:
        'while a run over pipes takes 0.24 ms, our thread works for 0.1 and waits for the plugin for 0.13 (profile of 12,000 runs that were not stored, idle machine), though the plugin itself needs a third of that: an invocation alone leaves our thread at once, so that the kernel wakes the plugin on the same core (0.1 ms in all), while the plugin of a run is mostly woken on the other core, which costs some 0.045 ms each way. Holding the write back until the thread has nothing else to do gained nothing measurable (busy machine): it works on for 0.013 ms after it, in an invocation alone for 0.009; the records’ thread wants a core, too',
    },
    {
      ratio: 'classic_over_warm',
      sense: 'at least',
      bound: 500,
      says: 'a warm run is faster than a container per invocation',
      obstacle:
        'around its invocation a run takes 30 µs of CPU in our process while one follows on the other, and three to four times as much where the process waits in between and finds the caches full of others’ work; its records take 50 µs there and 0.13 ms in the thread of the database, which shares the two cores with the plugins (on a busy machine)',
    },
    {
      ratio: 'warm_p99_over_bare_p99',
      sense: 'at most',
      bound: 2,
      says: 'the slowest runs are near the slowest bare calls',
      obstacle:
        'records are stored behind the runs, and the thread of the database wants a core for it: beside a group that is being written a run takes 1.2 to 5 times as long as between two groups (medians on a busy machine), by attach most, where four processes share the two cores already; a lower priority of that thread would help here and let stored runs wait',
    },
  ],
  run: benchWarm,
};

async function benchWarm(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using world = await WarmWorld.open({ dockerHost, transport: 'attach' });
  await using piped = await WarmWorld.open({ dockerHost, transport: 'fifo' });
  const { warm } = world.versions;
  await using bare = await BareAttach.start({ dockerHost, version: warm });
  await using echo = await BareAttach.start({ dockerHost, version: warm, worker: 'echo' });
  await using raw = new RawPipe();
  const { line, value, data } = world.requestOfLength(REQUEST_BYTES);
  const found = await interleave(
    [
      { name: 'raw_pipe', calls: 200, call: () => raw.call(value) },
      { name: 'bare_attach', calls: 200, call: () => bare.call(value) },
      { name: 'bare_echo', calls: 200, call: () => echo.echo(line) },
      { name: 'warm_invocation', calls: 200, call: () => world.invoke(warm, data) },
      { name: 'warm_run', calls: 100, call: () => world.run(data, 'queued') },
      { name: 'warm_run_stored', calls: 100, call: () => world.run(data) },
      { name: 'warm_fifo_invocation', calls: 200, call: () => piped.invoke(piped.versions.warm, data) },
      { name: 'warm_fifo_run', calls: 100, call: () => piped.run(data, 'queued') },
      { name: 'docker_exec', calls: 2, call: async () => (await runExec(dockerHost, bare.id, line)).settledMs },
      { name: 'classic', calls: 1, call: async () => (await runClassic(dockerHost, line)).settledMs },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      warm_attach_over_bare_attach: found.p50Ratio('warm_run', 'bare_attach'),
      warm_fifo_over_bare_attach: found.p50Ratio('warm_fifo_run', 'bare_attach'),
      warm_invocation_over_bare_attach: found.p50Ratio('warm_invocation', 'bare_attach'),
      warm_fifo_invocation_over_bare_attach: found.p50Ratio('warm_fifo_invocation', 'bare_attach'),
      warm_invocation_over_bare_echo: found.p50Ratio('warm_invocation', 'bare_echo'),
      stored_run_over_bare_attach: found.p50Ratio('warm_run_stored', 'bare_attach'),
      warm_p99_over_bare_p99: found.p99Ratio('warm_run', 'bare_attach'),
      warm_invocation_p99_over_bare_p99: found.p99Ratio('warm_invocation', 'bare_attach'),
      warm_over_raw_pipe: found.p50Ratio('warm_run', 'raw_pipe'),
      bare_attach_over_raw_pipe: found.p50Ratio('bare_attach', 'raw_pipe'),
      classic_over_warm: found.p50Ratio('classic', 'warm_run'),
      classic_over_warm_invocation: found.p50Ratio('classic', 'warm_invocation'),
      docker_exec_over_warm: found.p50Ratio('docker_exec', 'warm_run'),
    },
  };
}
