// `npm test [-- part …]`: every kind of test in turn, the engine kinds a second time on the other Docker Engine, and at the end a look for
// leftovers. Parts: verify, a kind (contract, integration, …), or `28` for the second engine. Nothing is retried.
import { mkdir, writeFile } from 'node:fs/promises';
import { startEngine28 } from '../../../docker/setup/engine28.mjs';
import { findLeftovers, listBuiltImages, removeImagesBuiltSince, takeInventory } from './leftovers.ts';
import { verify } from './verify-steps.ts';
import { addCounts, NO_TESTS, vitestStep, type Counts } from './vitest-step.ts';

const KINDS = ['sdk', 'contract', 'integration', 'scenarios', 'hostile', 'faults', 'docs'] as const;

/** What runs on the second engine: everything that talks to an engine through the port or through the sandboxes. */
const ON_28 = [
  ['contract', 'test/contract/container-engine'],
  ['integration', 'test/integration/docker'],
  ['hostile', ''],
] as const;

const parts = process.argv.slice(2);
const isWanted = (part: string): boolean => parts.length === 0 || parts.includes(part);

async function onEngine28(): Promise<Counts> {
  await using engine = await startEngine28();
  let counts = NO_TESTS;
  for (const [kind, path] of ON_28) {
    process.stdout.write(`\n== ${kind} on Docker Engine 28 ==\n`);
    counts = addCounts(
      counts,
      await vitestStep(`${kind} 28`, path === '' ? [] : [path], { GANTRY_TEST_DOCKER_HOST: engine.host }),
    );
  }
  return counts;
}

async function main(): Promise<Counts> {
  const before = await takeInventory();
  const images = await listBuiltImages();
  let counts = isWanted('verify') ? await verify() : NO_TESTS;
  for (const kind of KINDS.filter(isWanted)) {
    process.stdout.write(`\n== ${kind} ==\n`);
    const startedMs = performance.now();
    counts = addCounts(counts, await vitestStep(kind, []));
    process.stdout.write(`${kind}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
  }
  if (isWanted('28')) counts = addCounts(counts, await onEngine28());
  await removeImagesBuiltSince(images);
  const leftovers = await findLeftovers(before);
  for (const item of leftovers) process.stdout.write(`✗ left behind: ${item}\n`);
  return addCounts(
    counts,
    leftovers.length === 0 ? { ...NO_TESTS, passed: 1 } : { ...NO_TESTS, failed: leftovers.length },
  );
}

const counts = await main();
await mkdir('.cache', { recursive: true });
await writeFile('.cache/test-summary.json', `${JSON.stringify(counts)}\n`);
process.stdout.write(
  `${String(counts.passed)} passed, ${String(counts.failed)} failed, ${String(counts.skipped)} skipped\n`,
);
process.exitCode = counts.failed === 0 ? 0 : 1;
