// Every benchmark by its name: one list for the command, the page of results and the smoke test.
import { burstBenchmark } from './bench-burst.ts';
import { coldBenchmark } from './bench-cold.ts';
import { contextBenchmark } from './bench-context.ts';
import { firstBenchmark } from './bench-first.ts';
import { forkBenchmark } from './bench-fork.ts';
import { historyBenchmark } from './bench-history.ts';
import { httpBenchmark } from './bench-http.ts';
import { invocationBenchmark } from './bench-invocation.ts';
import { neighbourBenchmark } from './bench-neighbour.ts';
import { pipelineBenchmark } from './bench-pipeline.ts';
import { registryBenchmark } from './bench-registry.ts';
import { selfBenchmark } from './bench-self.ts';
import { storeBenchmark } from './bench-store.ts';
import { storingBenchmark } from './bench-storing.ts';
import { throughputBenchmark } from './bench-throughput.ts';
import { warmBenchmark } from './bench-warm.ts';
import type { Benchmark } from './bench-document.ts';

export const BENCHMARKS: readonly Benchmark[] = [
  warmBenchmark,
  forkBenchmark,
  firstBenchmark,
  coldBenchmark,
  invocationBenchmark,
  throughputBenchmark,
  httpBenchmark,
  pipelineBenchmark,
  contextBenchmark,
  registryBenchmark,
  burstBenchmark,
  neighbourBenchmark,
  selfBenchmark,
  storeBenchmark,
  storingBenchmark,
  historyBenchmark,
];
