// The very first call that a sandbox serves, when the pool held it ready, beside calls that follow at once and calls after the same pause: a
// processor that slept is slow whoever wakes it, so the second reference tells what of the difference is ours, and a child process over pipes,
// with and without the same pause, tells what the pause costs without Gantry and without a container.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { interleave } from './interleave.ts';
import { RawPipe } from './raw-pipe.ts';
import { warmVersion, WarmWorld } from './warm-world.ts';

/** A sandbox that stood for a moment: what starting it set going is over. */
const PAUSE_MS = 300;

export const firstBenchmark: Benchmark = {
  name: 'first',
  title: 'the first call of a plugin whose pool keeps one sandbox ready (pool.min 1), beside a warm call',
  goals: [
    {
      ratio: 'first_over_warm',
      sense: 'at most',
      bound: 2,
      says: 'with pool.min 1 the first call is nearly a warm one',
      obstacle:
        'what makes it slow is the pause, not the first time: a call after the same pause takes as long, and so does a child process over pipes, whose call after a pause takes four times as long as one that follows at once (`raw_pause_over_none`). It is CPU time, not waiting: on a busy machine, whose cores never sleep, a pause of 5 ms and more takes our process from 0.12 to 0.40 ms of CPU per invocation, and that of the pipe from 0.05 to 0.18: the caches are cold. A timer that kept them warm would have to invoke the plugin',
    },
  ],
  run: benchFirst,
};

async function benchFirst(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost, signal } = request;
  await using world = await WarmWorld.open({ dockerHost });
  const { warm } = world.versions;
  await using raw = new RawPipe();
  const { data, value } = world.requestOfLength(REQUEST_BYTES);
  const first = async (): Promise<number> => {
    const version = warmVersion(world.imageId, 'warm', 1, ['fetch'], { id: `first-${world.ids.randomHex(6)}` });
    await world.ready(version);
    await sleep(PAUSE_MS, undefined, { signal });
    const durationMs = await world.invoke(version, data);
    await world.forget(version);
    return durationMs;
  };
  const afterPause = async (call: () => Promise<number>): Promise<number> => {
    await sleep(PAUSE_MS, undefined, { signal });
    return await call();
  };
  const invoke = (): Promise<number> => world.invoke(warm, data);
  const pipe = (): Promise<number> => raw.call(value);
  const found = await interleave(
    [
      { name: 'first', calls: 2, call: first },
      { name: 'warm', calls: 200, call: invoke },
      { name: 'warm_after_pause', calls: 2, call: () => afterPause(invoke) },
      { name: 'raw_pipe', calls: 200, call: pipe },
      { name: 'raw_pipe_after_pause', calls: 2, call: () => afterPause(pipe) },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      first_over_warm: found.p50Ratio('first', 'warm'),
      first_over_warm_after_pause: found.p50Ratio('first', 'warm_after_pause'),
      pause_over_none: found.p50Ratio('warm_after_pause', 'warm'),
      raw_pause_over_none: found.p50Ratio('raw_pipe_after_pause', 'raw_pipe'),
    },
  };
}
