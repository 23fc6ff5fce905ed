// Every benchmark by its name: one list for the command, the page of results and the smoke test.
import { forkBenchmark } from './bench-fork.ts';
import { invocationBenchmark } from './bench-invocation.ts';
import { storeBenchmark } from './bench-store.ts';
import { warmBenchmark } from './bench-warm.ts';
import type { Benchmark } from './bench-document.ts';

export const BENCHMARKS: readonly Benchmark[] = [warmBenchmark, forkBenchmark, invocationBenchmark, storeBenchmark];
