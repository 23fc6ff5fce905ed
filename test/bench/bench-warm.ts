// The warm call beside a bare attach loop and beside one container per invocation, in turn, round by round, all with the sandbox's hardening.
// Only the ratios travel between machines.
import { cpus, totalmem } from 'node:os';
import { BareAttach } from './bare-attach.ts';
import { runClassic } from './contenders.ts';
import { ratioOf, seriesOf, type Series } from './measure.ts';
import { WarmWorld } from './warm-world.ts';

export interface BenchDocument {
  readonly benchmark: string;
  readonly machine: { readonly node: string; readonly cores: number; readonly memoryBytes: number };
  readonly rounds: number;
  readonly cases: readonly {
    readonly name: string;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly perSecond: number;
  }[];
  readonly ratios: Readonly<Record<string, number>>;
}

/** Calls of each contender in one round; a container per invocation takes as long as a thousand warm calls. */
const CALLS = {
  bare_attach: 200,
  bare_echo: 200,
  warm_invocation: 200,
  warm_run: 100,
  fork_invocation: 60,
  classic: 1,
} as const;
type Case = keyof typeof CALLS;
const CASES = Object.keys(CALLS) as readonly Case[];
/** The request document is then 900 bytes long. */
const CONTEXT_BYTES = 900;

export async function benchWarm(dockerHost: string, rounds: number): Promise<BenchDocument> {
  await using world = await WarmWorld.open(dockerHost);
  await using bare = await BareAttach.start(dockerHost, world.owner, world.versions.warm, 'plain');
  await using echo = await BareAttach.start(dockerHost, world.owner, world.versions.warm, 'echo');
  const nonce = world.ids.randomHex(16);
  const frameBytes = world.requestOf(nonce, { text: '' }).length;
  const data = { text: 'x'.repeat(Math.max(0, CONTEXT_BYTES - frameBytes)) };
  const line = world.requestOf(nonce, data);
  const request: unknown = JSON.parse(Buffer.from(line).toString());
  const contenders: Readonly<Record<Case, () => Promise<number>>> = {
    bare_attach: () => bare.call(request),
    bare_echo: () => echo.echo(line),
    warm_invocation: () => world.invoke('warm', data),
    warm_run: () => world.run(data),
    fork_invocation: () => world.invoke('fork', data),
    classic: async () => (await runClassic(dockerHost, line)).settledMs,
  };
  const times: Record<Case, number[]> = {
    bare_attach: [],
    bare_echo: [],
    warm_invocation: [],
    warm_run: [],
    fork_invocation: [],
    classic: [],
  };
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of CASES) {
      const found: number[] = [];
      for (let call = 0; call < CALLS[name]; call += 1) found.push(await contenders[name]());
      // The first round warms caches and is not counted.
      if (round > 0) times[name].push(...found);
    }
  }
  return documentOf(times, rounds);
}

function documentOf(times: Readonly<Record<Case, readonly number[]>>, rounds: number): BenchDocument {
  const series = (name: Case): Series => seriesOf(name, times[name]);
  const ratio = (name: Case, reference: Case): number => ratioOf(series(name), series(reference));
  return {
    benchmark: 'warm',
    machine: { node: process.version, cores: cpus().length, memoryBytes: totalmem() },
    rounds,
    cases: CASES.map((name) => {
      const { median, p99 } = series(name);
      return { name, p50Ms: median, p99Ms: p99, perSecond: Number((1_000 / median).toFixed(1)) };
    }),
    ratios: {
      warm_attach_over_bare_attach: ratio('warm_run', 'bare_attach'),
      warm_invocation_over_bare_attach: ratio('warm_invocation', 'bare_attach'),
      warm_p99_over_bare_p99: Number((series('warm_run').p99 / series('bare_attach').p99).toPrecision(4)),
      fork_over_bare_attach: ratio('fork_invocation', 'bare_attach'),
      classic_over_warm: ratio('classic', 'warm_run'),
      classic_over_warm_invocation: ratio('classic', 'warm_invocation'),
      classic_over_fork: ratio('classic', 'fork_invocation'),
    },
  };
}
