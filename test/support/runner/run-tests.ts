// `npm test [-- part …]`: every kind of test in turn, the engine kinds a second time on the other Docker Engine, and at the end a look for
// leftovers. Parts: verify, a kind (contract, integration, …), or `28` for the second engine. Nothing is retried.
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from '../../../docker/setup/debian-packages.mjs';
import { engine28Obstacle, startEngine28, unpackEngine28 } from '../../../docker/setup/engine28.mjs';
import { findFerretdb } from '../../../docker/setup/ensure-ferretdb.mjs';
import { watchEngine } from './engine-watch.ts';
import { stopSteps } from './run-step.ts';
import { findLeftovers, listBuiltImages, removeImagesBuiltSince, takeInventory } from './leftovers.ts';
import { verify } from './verify-steps.ts';
import { addCounts, failures, NO_TESTS, vitestStep, type Counts } from './vitest-step.ts';

const KINDS = ['sdk', 'contract', 'integration', 'scenarios', 'hostile', 'faults', 'docs'] as const;

/** What runs on the second engine: everything that talks to an engine through the port or through the sandboxes. */
const ON_28 = [
  ['contract', 'test/contract/container-engine'],
  ['integration', 'test/integration/docker', 'test/integration/plugins'],
  ['scenarios'],
  ['hostile'],
] as const;

/** For the tests to end by themselves when the run is given up. */
const STOP_MS = 10_000;

const SUMMARY = '.cache/test-summary.json';

const exec = promisify(execFile);
const parts = process.argv.slice(2);
const isWanted = (part: string): boolean => parts.length === 0 || parts.includes(part);

async function onEngine28(): Promise<Counts> {
  const obstacle = engine28Obstacle();
  if (obstacle !== undefined) {
    process.stdout.write(`- the second engine is not run here: it ${obstacle}\n`);
    return { ...NO_TESTS, skipped: 1 };
  }
  await using engine = await startEngine28();
  const { stdout } = await exec('docker', ['-H', engine.host, 'version', '--format', '{{.Server.Version}}']);
  process.stdout.write(`\nthe second engine is ${stdout}`);
  if (Number.parseInt(stdout, 10) < 28) throw new Error('the second engine is older than 28');
  let counts = NO_TESTS;
  for (const [kind, ...paths] of ON_28) {
    process.stdout.write(`\n== ${kind} on Docker Engine 28 ==\n`);
    counts = addCounts(counts, await vitestStep(`${kind} 28`, paths, { GANTRY_TEST_DOCKER_HOST: engine.host }));
  }
  return counts;
}

async function unpackSecondEngine(): Promise<Counts> {
  if (engine28Obstacle() === undefined) await unpackEngine28();
  return NO_TESTS;
}

/** A part that breaks as a whole is one failure, and the run goes on to its clean-up. */
async function orFailed(part: string, work: () => Promise<Counts>): Promise<Counts> {
  try {
    return await work();
  } catch (error) {
    const text = `✗ ${part}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    process.stdout.write(`${text}\n`);
    failures.push(text);
    return { ...NO_TESTS, failed: 1 };
  }
}

/** Where Go is there, the stand-in must be, too: its tests shall not vanish because its build broke. */
function checkFerretdb(): Counts {
  if (findFerretdb() !== undefined) return NO_TESTS;
  const isExpected = findProgram('go') !== undefined;
  process.stdout.write(`${isExpected ? '✗' : '-'} the MongoDB stand-in is not built: its tests are skipped\n`);
  return isExpected ? { ...NO_TESTS, failed: 1 } : { ...NO_TESTS, skipped: 1 };
}

async function runKinds(): Promise<Counts> {
  await using _watch = watchEngine({ onHung: giveUp });
  let counts = NO_TESTS;
  for (const kind of KINDS.filter(isWanted)) {
    process.stdout.write(`\n== ${kind} ==\n`);
    const startedMs = performance.now();
    counts = addCounts(counts, await vitestStep(kind, []));
    process.stdout.write(`${kind}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
  }
  return counts;
}

/** The clean-up would hang, too. */
function giveUp(line: string): void {
  process.stdout.write(`${failures.map((text) => `${text}\n`).join('')}✗ ${line}\n`);
  mkdirSync('.cache', { recursive: true });
  writeFileSync(SUMMARY, `${JSON.stringify({ ...NO_TESTS, failed: 1 })}\n`);
  stopSteps();
  setTimeout(() => process.exit(1), STOP_MS);
}

async function main(): Promise<Counts> {
  const before = await takeInventory();
  const images = await listBuiltImages();
  // Compose comes with the second engine, and integration tests want it.
  if (isWanted('integration') || isWanted('28')) await orFailed('unpacking the second engine', unpackSecondEngine);
  const counted = isWanted('verify') ? await verify() : NO_TESTS;
  let counts = addCounts(counted, await runKinds());
  if (isWanted('contract')) counts = addCounts(counts, checkFerretdb());
  if (isWanted('28')) counts = addCounts(counts, await orFailed('the second engine', onEngine28));
  await removeImagesBuiltSince(images);
  const leftovers = await findLeftovers(before);
  for (const item of leftovers) process.stdout.write(`✗ left behind: ${item}\n`);
  return addCounts(
    counts,
    leftovers.length === 0 ? { ...NO_TESTS, passed: 1 } : { ...NO_TESTS, failed: leftovers.length },
  );
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interrupted.abort();
    stopSteps();
  });

const counts = await main();
await mkdir('.cache', { recursive: true });
await writeFile(SUMMARY, `${JSON.stringify(counts)}\n`);
if (failures.length > 0) process.stdout.write(`\n== what failed ==\n\n${failures.join('\n')}\n`);
process.stdout.write(
  `${String(counts.passed)} passed, ${String(counts.failed)} failed, ${String(counts.skipped)} skipped\n`,
);
process.exitCode = counts.failed === 0 && !interrupted.signal.aborted ? 0 : 1;
