// Every benchmark with one round and as few calls as it can make. What comes out is looked at for its form only: nothing here is timed.
import { afterAll, describe, expect, it } from 'vitest';
import { BENCH_DOCUMENT, measureBenchmark } from '../../bench/bench-document.ts';
import { BENCHMARKS } from '../../bench/benchmarks.ts';
import { showDocument } from '../../bench/show-document.ts';

const TIMEOUT_MS = 600_000;
const dockerHost =
  process.env['GANTRY_TEST_DOCKER_HOST'] ?? process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
const over = new AbortController();

afterAll(() => {
  over.abort();
});

describe('benchmarks', () => {
  it.each(BENCHMARKS)(
    '$name runs and hands out one document that says what its goals are about',
    async (benchmark) => {
      const document = await measureBenchmark(benchmark, {
        ...{ dockerHost, rounds: 1, scale: 0.001 },
        signal: over.signal,
      });
      expect(BENCH_DOCUMENT.safeParse(JSON.parse(JSON.stringify(document))).success).toBe(true);
      const unmeasured = benchmark.goals.filter(({ ratio }) => !(ratio in document.ratios));
      // The stand-in for MongoDB is not built everywhere.
      expect(unmeasured.filter(({ ratio }) => !ratio.startsWith('mongo_'))).toEqual([]);
      expect(showDocument(benchmark, document)).toContain(benchmark.title);
    },
    TIMEOUT_MS,
  );
});
