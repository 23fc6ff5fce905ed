// Whether history costs anything: the same operations on a store with a thousand ended runs and on one with a million, in alternation. The
// million is written by SQL; what is measured goes through the store. Other databases than the embedded one are not measured.
import { join } from 'node:path';
import type { SqliteStore } from '../../src/adapters/sqlite/sqlite-store.ts';
import type { RunFilter } from '../../src/core/ports/store.ts';
import { buildRun, newWorkerId, patient } from '../support/store/build-records.ts';
import { createSqliteStore, createTestFolder } from '../support/store/open-sqlite.ts';
import { SEEDED_PIPELINES, seedHistory } from '../support/store/seed-history.ts';
import type { Benchmark, BenchRequest, BenchResult, Goal } from './bench-document.ts';
import { interleave, type Contender } from './interleave.ts';

const FEW = 1_000;
const MANY = 1_000_000;
const BOUND = 1.3;
const MEGABYTE = 1_000_000;

const OPERATIONS = {
  insert: insertOne,
  claim: claimOne,
  page: (store: SqliteStore) => page(store, {}),
  page_of_pipeline: (store: SqliteStore) => page(store, { pipeline: SEEDED_PIPELINES[3] ?? '' }),
  page_of_state: (store: SqliteStore) => page(store, { states: ['failed', 'timed_out'] }),
  page_of_both: (store: SqliteStore) => page(store, { pipeline: SEEDED_PIPELINES[3] ?? '', states: ['succeeded'] }),
} as const satisfies Record<string, (store: SqliteStore) => Promise<number>>;
type Operation = keyof typeof OPERATIONS;
const NAMES = Object.keys(OPERATIONS) as Operation[];

const SAYS: Readonly<Record<Operation, string>> = {
  insert: 'to accept a run costs the same whatever is stored',
  claim: 'to claim a run',
  page: 'the newest page of all runs',
  page_of_pipeline: 'the newest page of a pipeline',
  page_of_state: 'the newest page of some states',
  page_of_both: 'the newest page of a state of a pipeline',
};

export const historyBenchmark: Benchmark = {
  name: 'history',
  title: 'what a million stored runs cost beside a thousand',
  goals: NAMES.map((name): Goal => ({
    ratio: `${name}_million_over_thousand`,
    sense: 'at most',
    bound: BOUND,
    says: SAYS[name],
  })),
  run: benchHistory,
};

type Size = 'thousand' | 'million';

async function benchHistory(request: BenchRequest): Promise<BenchResult> {
  using folder = createTestFolder();
  const counts = { thousand: FEW, million: Math.max(2 * FEW, Math.ceil(MANY * request.scale)) };
  const [thousandPath, millionPath] = [join(folder.path, 'thousand.db'), join(folder.path, 'million.db')];
  seedHistory(thousandPath, counts.thousand);
  const startedMs = performance.now();
  const bytes = seedHistory(millionPath, counts.million);
  const seedSeconds = (performance.now() - startedMs) / 1_000;
  await using thousand = createSqliteStore(thousandPath);
  await using million = createSqliteStore(millionPath);
  const stores = { thousand, million };
  for (const store of [thousand, million]) await store.open(patient());
  const contenders = NAMES.flatMap((name) =>
    (['thousand', 'million'] as const).map((size): Contender<`${Operation}_${Size}`> => ({
      name: `${name}_${size}`,
      calls: 100,
      call: () => OPERATIONS[name](stores[size]),
    })),
  );
  const found = await interleave(contenders, request);
  const ratios = NAMES.map((name) => [
    `${name}_million_over_thousand`,
    found.p50Ratio(`${name}_million`, `${name}_thousand`),
  ]);
  return {
    cases: found.cases,
    ratios: {
      ...(Object.fromEntries(ratios) as Record<string, number>),
      stored_runs: counts.million,
      megabytes: Number((bytes / MEGABYTE).toPrecision(4)),
      seconds_to_seed: Number(seedSeconds.toPrecision(3)),
    },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function insertOne(store: SqliteStore): Promise<number> {
  const run = buildRun({ pipeline: SEEDED_PIPELINES[0] ?? '', state: 'succeeded', finishedAtMs: 2_000 });
  return timed(() => store.insertRun(run, patient()));
}

async function claimOne(store: SqliteStore): Promise<number> {
  await store.insertRun(buildRun({ pipeline: SEEDED_PIPELINES[1] ?? '' }), patient());
  const claim = { worker: newWorkerId(), limit: 1, nowMs: Date.now(), pipelines: SEEDED_PIPELINES };
  return await timed(() => store.claimRuns(claim, patient()));
}

function page(store: SqliteStore, filter: RunFilter): Promise<number> {
  return timed(() => store.listRuns(filter, { limit: 50 }, patient()));
}
