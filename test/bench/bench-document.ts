// What a benchmark hands out: one document with the machine, the times of every contender, and the ratios between them. Only the ratios
// travel between machines.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { z } from 'zod';
import type { Rounds } from './interleave.ts';
import type { BenchCase } from './measure.ts';

export interface BenchRequest extends Rounds {
  /** as of `DOCKER_HOST` */
  readonly dockerHost: string;
}

/** Sandboxes of the larger sizes: eight, but two where a benchmark is only tried out. */
export function manySandboxes({ scale }: Rounds): number {
  return scale < 1 ? 2 : 8;
}

export interface BenchResult {
  readonly cases: readonly BenchCase[];
  /** name → figure; the name says what is over what, or which unit per what */
  readonly ratios: Readonly<Record<string, number>>;
}

/** What a ratio should be, and why it is not where it is known. */
export interface Goal {
  readonly ratio: string;
  readonly sense: 'at most' | 'at least';
  readonly bound: number;
  readonly says: string;
  /** what was found to stand in the way; shown while the goal is missed */
  readonly obstacle?: string;
}

export interface Benchmark {
  readonly name: string;
  /** one line for the list */
  readonly title: string;
  readonly goals: readonly Goal[];
  run(request: BenchRequest): Promise<BenchResult>;
}

export const BENCH_DOCUMENT = z.strictObject({
  benchmark: z.string().min(1),
  machine: z.strictObject({
    node: z.string(),
    engine: z.string(),
    kernel: z.string(),
    cpu: z.string(),
    cores: z.int().positive(),
    memoryBytes: z.int().positive(),
    /** of the last minute, when the benchmark began: far above 0 means that others worked on the machine, too */
    load: z.number().nonnegative(),
  }),
  rounds: z.int().positive(),
  cases: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        p50Ms: z.number().nonnegative(),
        p99Ms: z.number().nonnegative(),
        perSecond: z.number().positive(),
      }),
    )
    .min(1),
  ratios: z.record(z.string(), z.number()),
});

export type BenchDocument = z.infer<typeof BENCH_DOCUMENT>;

/** Runs the benchmark and checks what it hands out. */
export async function measureBenchmark(benchmark: Benchmark, request: BenchRequest): Promise<BenchDocument> {
  const machine = machineOf(request.dockerHost);
  const { cases, ratios } = await benchmark.run(request);
  return BENCH_DOCUMENT.parse({ benchmark: benchmark.name, machine, rounds: request.rounds, cases, ratios });
}

export function isMet({ sense, bound }: Goal, figure: number): boolean {
  return sense === 'at most' ? figure <= bound : figure >= bound;
}

function machineOf(dockerHost: string): BenchDocument['machine'] {
  const engine = execFileSync('docker', ['-H', dockerHost, 'version', '--format', '{{.Server.Version}}']);
  const [first] = cpus();
  return {
    node: process.version,
    engine: engine.toString('utf8').trim(),
    kernel: release(),
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}
