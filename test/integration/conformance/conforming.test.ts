// What Gantry gives to authors conforms: every sample plugin, and the template of every language under `stream`. One after another: a build
// takes the stages of its cache away, on which another program's may be standing.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUNTIMES } from '../../../src/core/plugin.ts';
import { writeTemplate } from '../../../src/plugins/template/write-template.ts';
import { failuresOf, KitWorld } from '../../support/conformance/kit-world.ts';
import { testDockerHost } from '../../support/engine/test-engine.ts';
import { ROOT } from '../../support/gantry/start-gantry.ts';

/** Compilers share the machine. */
const TEST_MS = 600_000;
const SAMPLES = await readdir(join(ROOT, 'plugins'));
const exec = promisify(execFile);

let world: KitWorld;
let folder: string;
beforeAll(async () => {
  world = await KitWorld.open();
  folder = await mkdtemp(join(tmpdir(), 'gantry-templates-'));
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function hasBase(runtime: string): Promise<boolean> {
  const inspect = ['-H', testDockerHost(), 'image', 'inspect', `gantry/base-${runtime}:1`];
  return await exec('docker', inspect).then(
    () => true,
    () => false,
  );
}

describe('the conformance kit', { timeout: TEST_MS }, () => {
  it.each(SAMPLES)('finds nothing wrong with plugins/%s, which has a fixture', async (name) => {
    const findings = await world.test(join(ROOT, 'plugins', name));
    expect(failuresOf(findings)).toEqual([]);
    expect(findings.find(({ check }) => check === 'fixtures')?.state).toBe('passed');
  });

  it.for(RUNTIMES)('finds nothing wrong with a new %s plugin under stream', async (runtime, { skip }) => {
    skip(!(await hasBase(runtime)), `the base image of ${runtime} is not on the engine`);
    const path = join(folder, runtime);
    const plugin = { runtime, name: `new_${runtime}`, hook: 'greet', pipelines: ['*'], protocol: 'stream' as const };
    await writeTemplate(plugin, path, join(ROOT, 'docker', 'runtimes'));
    // A cancel does not reach the shell's SDK, and the kit waits the whole grace for it.
    const findings = await world.test(path, runtime === 'shell' ? { graceMs: 5_000 } : {});
    expect(failuresOf(findings)).toEqual([]);
    expect(findings.find(({ check }) => check === 'good-input')?.state).toBe('passed');
  });
});
