// One real program over all scenarios: its root folder is put together from theirs, with a data folder of its own.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { startServer, type Server } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { removeImagesOf } from '../faults/instance-traces.ts';
import type { Scenario } from './read-scenarios.ts';

const exec = promisify(execFile);
/** Some forty small images, built one after the other; generous, for a machine that is busy with other things. */
const BUILDS_MS = 840_000;

export interface ScenarioServer extends AsyncDisposable {
  readonly url: string;
}

/** Resolves when every plugin of every scenario is built or found broken. */
export async function startScenarioServer(scenarios: readonly Scenario[]): Promise<ScenarioServer> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-scenarios-'));
  await layOutRoot(root, scenarios);
  const engine = process.env['GANTRY_TEST_DOCKER_HOST'] ?? process.env['DOCKER_HOST'];
  const environment = { GANTRY_DATA: join(root, 'data'), ...(engine === undefined ? {} : { DOCKER_HOST: engine }) };
  const flags = new Map([
    ['web.port', '0'],
    ['logs.level', 'warn'],
    ['plugins.scanInterval', '1h'],
  ]);
  const loaded = await loadConfig(root, environment, flags);
  const { signal: stop } = new AbortController();
  const server = await startServer({ root, environment, loaded, needs: 'engine', isPublic: false, stop });
  await server.settled(AbortSignal.timeout(BUILDS_MS));
  return { url: server.url ?? '', [Symbol.asyncDispose]: () => end(server, root, loaded.dockerHost) };
}

async function layOutRoot(root: string, scenarios: readonly Scenario[]): Promise<void> {
  for (const folder of ['plugins', 'config/plugins', 'config/secrets'])
    await mkdir(join(root, folder), { recursive: true });
  await cp('docker/runtimes', join(root, 'docker/runtimes'), { recursive: true });
  const pipelines = scenarios.map(({ pipeline }) => pipeline);
  await writeFile(join(root, 'config/pipelines.yaml'), stringify({ pipelines }));
  await writeFile(join(root, 'config/system.yaml'), '');
  for (const { folder } of scenarios) {
    await copyIfThere(join(folder, 'plugins'), join(root, 'plugins'));
    await copyIfThere(join(folder, 'settings'), join(root, 'config/plugins'));
    await copyIfThere(join(folder, 'secrets'), join(root, 'config/secrets'));
  }
}

/** Copies what is in one folder into another; two scenarios with the same plugin or setting are a mistake. */
async function copyIfThere(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch(() => []);
  for (const name of names)
    await cp(join(from, name), join(to, name), { recursive: true, errorOnExist: true, force: false });
}

/** Ends the program, which must leave no container, and removes the images that it built. */
async function end(server: Server, root: string, dockerHost: string): Promise<void> {
  await server[Symbol.asyncDispose]();
  const instance = JSON.parse(await readFile(join(root, 'data/instance.json'), 'utf8')) as { instanceId: string };
  const label = `label=io.gantry.instance=${instance.instanceId}`;
  const left = await exec('docker', ['-H', dockerHost, 'ps', '--all', '--quiet', '--filter', label]);
  if (left.stdout !== '') throw new Error(`the program left containers behind: ${left.stdout}`);
  await removeImagesOf(join(root, 'data'), dockerHost);
  await rm(root, { recursive: true });
}
