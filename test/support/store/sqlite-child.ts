// A process of its own over a SQLite store, for tests that kill it or set several against each other.
//   sqlite-child.ts write <file>              writes runs with a payload and an update each; prints an id when all three are acknowledged
//   sqlite-child.ts claim <file> <pipeline>   claims until nothing is left; prints what it won
//   sqlite-child.ts fill <file>               writes payloads until one is refused; prints what became of reads and writes then
//   sqlite-child.ts sweep <file> <runs>       removes old runs; prints the id of each before, and stands still before one more than so many
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { SqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts';
import { belongingsOf, recordSweeper } from '../retention/record-world.ts';
import { buildRun, newRunId, newWorkerId, patient } from './build-records.ts';
import { createSqliteStore } from './open-sqlite.ts';

const [mode = '', file = '', pipeline = ''] = process.argv.slice(2);

async function writeOne(store: SqliteStore): Promise<void> {
  const run = buildRun({ state: 'running' });
  await store.insertRun(run, patient());
  await store.putPayload(run.id, 'data', JSON.stringify(run.id.repeat(200)), patient());
  await store.updateRun(run.id, { states: ['running'] }, { state: 'succeeded' }, patient());
  process.stdout.write(`${run.id}\n`);
}

async function writeForEver(store: SqliteStore): Promise<never> {
  for (;;) await Promise.all(Array.from({ length: 8 }, () => writeOne(store)));
}

async function claimAll(store: SqliteStore): Promise<void> {
  const request = { worker: newWorkerId(), limit: 3, nowMs: 1000, pipelines: [pipeline] };
  for (;;) {
    const runs = await store.claimRuns(request, patient());
    if (runs.length === 0) return;
    for (const { id } of runs) process.stdout.write(`${id}\n`);
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (error: unknown) => (error instanceof GantryError ? error.code : String(error)),
  );
}

async function fill(store: SqliteStore): Promise<void> {
  const runId = newRunId();
  await store.putPayload(runId, 'kept', '"kept"', patient());
  let code = 'done';
  for (let index = 0; code === 'done' && index < 1000; index += 1) {
    code = await codeOf(store.putPayload(runId, `filler ${index}`, JSON.stringify('x'.repeat(200_000)), patient()));
  }
  const group = await Promise.all([
    codeOf(store.putPayload(runId, 'one', JSON.stringify('y'.repeat(500_000)), patient())),
    codeOf(store.insertRun(buildRun(), patient())),
    codeOf(store.ping(patient())),
  ]);
  const kept = await store.findPayload(runId, 'kept', patient());
  process.stdout.write(`${JSON.stringify({ code, group, kept })}\n`);
}

async function sweep(store: SqliteStore, atMost: number): Promise<void> {
  let begun = 0;
  const removeOfRun = async (id: string): Promise<boolean> => {
    begun += 1;
    if (begun > atMost) await new Promise(() => undefined);
    process.stdout.write(`${id}\n`);
    return true;
  };
  // It hangs until it is killed, however slow its parent is.
  const patience = { storeTimeoutMs: 3_600_000 };
  const { sweeper } = recordSweeper(store, {}, { belongings: belongingsOf(removeOfRun), ...patience });
  await sweeper.sweep({ isDryRun: false }, new AbortController().signal);
}

await using store = createSqliteStore(file);
await store.open(patient());
if (mode === 'write') await writeForEver(store);
if (mode === 'claim') await claimAll(store);
if (mode === 'fill') await fill(store);
if (mode === 'sweep') await sweep(store, Number(pipeline));
