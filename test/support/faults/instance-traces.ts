// What an instance has on the engine, seen past whatever a fault test has cut between the two.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DockerEngine } from '../../../src/adapters/docker/docker-engine.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { soon, testDockerHost } from '../engine/test-engine.ts';

const exec = promisify(execFile);

/** Ids of the containers that carry the label of the instance of this data folder. */
export async function containersOf(dataFolder: string, dockerHost = testDockerHost()): Promise<readonly string[]> {
  if (!existsSync(join(dataFolder, 'instance.json'))) return [];
  await using engine = openEngine(dataFolder, dockerHost);
  return (await engine.listContainers({}, soon())).map(({ id }) => id);
}

/** Kills every container of the instance, as they die with an engine that is not told to let them live. */
export async function killContainersOf(dataFolder: string): Promise<void> {
  await using engine = openEngine(dataFolder, testDockerHost());
  for (const { id } of await engine.listContainers({}, soon())) await engine.killContainer(id, 'SIGKILL', soon());
}

/** Networks and volumes of the instance, one text each: it makes none. */
export async function networksAndVolumesOf(
  dataFolder: string,
  dockerHost = testDockerHost(),
): Promise<readonly string[]> {
  const label = `label=io.gantry.instance=${instanceIdOf(dataFolder)}`;
  const lists = await Promise.all(
    ['network', 'volume'].map(async (kind) => {
      const args = ['-H', dockerHost, kind, 'ls', '--quiet', '--filter', label];
      const { stdout } = await exec('docker', args, { timeout: 120_000 });
      return stdout.split('\n').flatMap((id) => (id === '' ? [] : [`${kind} ${id}`]));
    }),
  );
  return lists.flat();
}

/** Removes its containers, and its images unless it makes a container meanwhile. @returns whether no image is left */
export async function sweepInstance(dataFolder: string, dockerHost = testDockerHost()): Promise<boolean> {
  if (!existsSync(join(dataFolder, 'instance.json'))) return true;
  await using engine = openEngine(dataFolder, dockerHost);
  for (const { id } of await engine.listContainers({}, soon())) await engine.removeContainer(id, soon());
  return await removeImagesOf(dataFolder, dockerHost);
}

/** By our own adapter: the command line fails where another removal takes a shared parent first. @returns whether no image is left */
export async function removeImagesOf(dataFolder: string, dockerHost = testDockerHost()): Promise<boolean> {
  await using engine = openEngine(dataFolder, dockerHost);
  const label = { 'io.gantry.instance': instanceIdOf(dataFolder) };
  for (const image of await engine.listImages(label, soon()))
    for (const name of image.tags.length > 0 ? image.tags : [image.id]) await engine.removeImage(name, soon());
  return (await engine.listImages(label, soon())).length === 0;
}

function openEngine(dataFolder: string, dockerHost: string): DockerEngine {
  return new DockerEngine({
    dockerHost,
    instanceId: instanceIdOf(dataFolder),
    clock: new SystemClock(),
    events: { emit: () => undefined },
    logger: { log: () => undefined },
  });
}

function instanceIdOf(dataFolder: string): string {
  const text = readFileSync(join(dataFolder, 'instance.json'), 'utf8');
  return (JSON.parse(text) as { instanceId: string }).instanceId;
}
