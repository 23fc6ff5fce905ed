// Builds the image of docker/gantry.Dockerfile on a machine without a registry: on the local Node base, with the production modules of the
// repository's own tree. The context is what .dockerignore lets through, plus those modules.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../gantry/start-gantry.ts';

const run = promisify(execFile);
const COMMAND_MS = 280_000;
const FILES = ['package.json', 'package-lock.json', '.npmrc', '.dockerignore', 'src', 'config', 'plugins'];
const DOCKER_PARTS = ['gantry.Dockerfile', 'bases', 'compose', 'runtimes', 'setup'];

/** A docker command against the engine under test; gives its stdout and stderr together. */
export async function docker(...args: readonly string[]): Promise<string> {
  const host = process.env['GANTRY_TEST_DOCKER_HOST'];
  const env = host === undefined ? process.env : { ...process.env, DOCKER_HOST: host };
  const options = { env: { ...env, DOCKER_BUILDKIT: '0' }, timeout: COMMAND_MS, maxBuffer: 64 * 1024 * 1024 };
  const { stdout, stderr } = await run('docker', args, options);
  return `${stdout}${stderr}`;
}

export async function buildGantryImage(tag: string): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'gantry-image-'));
  try {
    for (const name of FILES) await cp(join(ROOT, name), join(context, name), { recursive: true });
    for (const name of DOCKER_PARTS)
      await cp(join(ROOT, 'docker', name), join(context, 'docker', name), { recursive: true });
    for (const path of await productionModules())
      await cp(join(ROOT, path), join(context, 'docker', 'modules', path), { recursive: true });
    const file = join(context, 'docker', 'gantry.Dockerfile');
    await docker('build', '-q', '-f', file, '--build-arg', 'BASE=gantry/base-node:1', '-t', tag, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Folders under node_modules that production needs, from the lock file. */
async function productionModules(): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== '' && !(dev ?? optional ?? devOptional ?? false))
    .map(([path]) => path);
}
