// A `json` invocation with a sandbox that stands ready and is used once, beside the two ways of starting a container for it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { IMAGE, onceVersion, runClassic, runLoop } from './contenders.ts';
import { imageIdOf } from './image-id.ts';
import { interleave } from './interleave.ts';
import { WarmWorld } from './warm-world.ts';

/** Ready means blocked on stdin: the interpreter is loaded, as in a pool that has stood for a moment. */
const INTERPRETER_MS = 500;

export const invocationBenchmark: Benchmark = {
  name: 'invocation',
  title: 'a json call in a fresh sandbox that stood ready (reuse: never), beside starting a container for it',
  goals: [],
  run: benchInvocation,
};

async function benchInvocation(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost, signal } = request;
  await using world = await WarmWorld.open({ dockerHost });
  const version = onceVersion(imageIdOf(dockerHost, IMAGE), 'once@1.0.0+ready', { min: 1, max: 1 });
  const { line, data } = world.requestOfLength(REQUEST_BYTES);
  const invokeReady = async (): Promise<number> => {
    await world.ready(version);
    await sleep(INTERPRETER_MS, undefined, { signal });
    return await world.invoke(version, data);
  };
  const found = await interleave(
    [
      { name: 'ready_invocation', calls: 1, call: invokeReady },
      { name: 'classic', calls: 1, call: async () => (await runClassic(dockerHost, line)).settledMs },
      { name: 'bare_loop', calls: 1, call: async () => (await runLoop(dockerHost, version, line)).settledMs },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      ready_over_classic: found.p50Ratio('ready_invocation', 'classic'),
      ready_over_bare_loop: found.p50Ratio('ready_invocation', 'bare_loop'),
    },
  };
}
