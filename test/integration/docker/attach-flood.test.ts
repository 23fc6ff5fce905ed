// A flood through the attach stream: our memory stays flat, whether somebody reads or not.
import { expect, test } from 'vitest';
import { specOfCommand } from '../../contract/container-engine/behaviours.ts';
import { freshName } from '../../contract/container-engine/engine-harness.ts';
import { openTestEngine, SHELL_IMAGE, soon } from '../../support/engine/test-engine.ts';

const MiB = 1024 * 1024;
const FLOOD_BYTES = 1024 * MiB;
/** A quarter of the flood: far above what the collector leaves lying about, far below what buffering would hold. */
const GROWTH_MAX_BYTES = FLOOD_BYTES / 4;

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('passes a gibibyte through without holding it', { timeout: 900_000 }, async () => {
  await using opened = await openTestEngine();
  const { engine } = opened;
  const spec = specOfCommand(['/usr/bin/head', '-c', String(FLOOD_BYTES), '/dev/zero'], SHELL_IMAGE);
  const signal = AbortSignal.timeout(850_000);
  const id = await engine.createContainer(freshName(), spec, soon());
  const attachment = await engine.attach(id, soon());
  const { exit } = await engine.waitExit(id, { signal });
  await engine.startContainer(id, soon());
  const before = heldBytes();
  let [total, greatest, chunks] = [0, 0, 0];
  await attachment.read((_stream, bytes) => {
    total += bytes.length;
    chunks += 1;
    if (chunks % 64 === 0) greatest = Math.max(greatest, heldBytes() - before);
  });
  expect(total).toBe(FLOOD_BYTES);
  expect(await exit).toEqual({ exitCode: 0 });
  expect(greatest).toBeLessThan(GROWTH_MAX_BYTES);
});
