// The real engine for tests: an instance of its own per opening, and nothing of it left behind at the end.
import { randomBytes } from 'node:crypto';
import { DockerEngine } from '../../../src/adapters/docker/docker-engine.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import type { CallOptions } from '../../../src/core/ports/container-engine.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import { until } from './until.ts';

/** The image whose shell and core utilities the tests of the engine use. */
export const SHELL_IMAGE = 'gantry/base-shell:1';

/** The engine under test, as in DOCKER_HOST. */
export function testDockerHost(): string {
  const hosts = [process.env['GANTRY_TEST_DOCKER_HOST'], process.env['DOCKER_HOST'], 'unix:///var/run/docker.sock'];
  return hosts.find((host) => host !== undefined && host !== '') ?? '';
}

/** Far beyond what anything here takes, so that a hang ends with its own words. */
export function soon(): CallOptions {
  return { signal: AbortSignal.timeout(150_000) };
}

export interface TestEngine extends AsyncDisposable {
  readonly engine: DockerEngine;
  readonly instanceId: string;
  /** every domain event so far */
  readonly events: readonly DomainEvent[];
}

/** Opens an engine that follows its events already. */
export async function openTestEngine(dockerHost = testDockerHost()): Promise<TestEngine> {
  const instanceId = `test-${randomBytes(6).toString('hex')}`;
  const events: DomainEvent[] = [];
  await using stack = new AsyncDisposableStack();
  stack.defer(() => sweep(instanceId));
  const engine = stack.use(openEngine(dockerHost, instanceId, events));
  await until('the engine is connected', () => engine.isConnected());
  const owned = stack.move();
  return { engine, instanceId, events, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function openEngine(dockerHost: string, instanceId: string, events: DomainEvent[]): DockerEngine {
  return new DockerEngine({
    dockerHost,
    instanceId,
    clock: new SystemClock(),
    events: { emit: (event) => void events.push(event) },
    logger: { log: () => undefined },
  });
}

/** Removes the instance's containers and images past any proxy, which may be cut. */
async function sweep(instanceId: string): Promise<void> {
  await using engine = openEngine(testDockerHost(), instanceId, []);
  for (const { id } of await engine.listContainers({}, soon())) await engine.removeContainer(id, soon());
  for (const image of await engine.listImages({ 'io.gantry.instance': instanceId }, soon())) {
    for (const name of image.tags.length > 0 ? image.tags : [image.id]) await engine.removeImage(name, soon());
  }
}
