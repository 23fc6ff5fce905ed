// The contract of a container's life: order, exits, events.
import { describe, expect, test } from 'vitest';
import type { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { EngineEvent } from '../../../src/core/ports/container-engine.ts';
import { soon } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';
import { specOf, specOfCommand } from './behaviours.ts';
import { freshName, rejectionOf, startContainer, type OpenHarness } from './engine-harness.ts';

export function describeContainerLife(open: OpenHarness): void {
  describe('start, kill and removal', () => {
    test('tells the exit code of the process', async () => {
      await using harness = await open();
      const { id, exit } = await startContainer(harness, 'exit3');
      expect(await exit).toEqual({ exitCode: 3 });
      await until('inspect shows the end', async () => {
        const facts = await harness.engine.inspectContainer(id, soon());
        return facts?.isRunning === false && facts.exitCode === 3 && !facts.isOomKilled;
      });
    });

    test('says START_FAILED for a command that does not exist, and can remove the container', async () => {
      await using harness = await open();
      const spec = specOfCommand(['/no/such/program'], harness.image);
      const id = await harness.engine.createContainer(freshName(), spec, soon());
      const refused = await rejectionOf(harness.engine.startContainer(id, soon()));
      expect(refused).toMatchObject({ code: 'START_FAILED' });
      await harness.engine.removeContainer(id, soon());
      expect(await harness.engine.inspectContainer(id, soon())).toBeNull();
    });

    test('kills a running container, and says false for one that is not', async () => {
      await using harness = await open();
      const { engine, image } = harness;
      const unstarted = await engine.createContainer(freshName(), specOf('sleeper', image), soon());
      expect(await engine.killContainer(unstarted, 'SIGKILL', soon())).toBe(false);
      const { id, exit } = await startContainer(harness, 'sleeper');
      expect(await engine.killContainer(id, 'SIGKILL', soon())).toBe(true);
      expect(await exit).toEqual({ exitCode: 137 });
      await until('the container is over', async () => !(await engine.killContainer(id, 'SIGTERM', soon())));
      await engine.removeContainer(id, soon());
      expect(await engine.killContainer(id, 'SIGKILL', soon())).toBe(false);
    });

    test('removes a running container, and does not mind when it is gone or going', async () => {
      await using harness = await open();
      const { engine } = harness;
      const { id, attachment } = await startContainer(harness, 'sleeper');
      await Promise.all([engine.removeContainer(id, soon()), engine.removeContainer(id, soon())]);
      expect(await engine.inspectContainer(id, soon())).toBeNull();
      await engine.removeContainer(id, soon());
      attachment[Symbol.dispose]();
    });

    test('settles the wait for an exit that cannot come because the container was removed', async () => {
      await using harness = await open();
      const id = await harness.engine.createContainer(freshName(), specOf('echo', harness.image), soon());
      const { exit } = await harness.engine.waitExit(id, soon());
      await harness.engine.removeContainer(id, soon());
      const settled = await Promise.allSettled([exit]);
      expect(settled).toHaveLength(1);
    });

    test('tells that the kernel killed for memory in a container, and marks it when it ends', async () => {
      await using harness = await open();
      const seen: EngineEvent[] = [];
      using _listening = harness.engine.onEvent((event) => void seen.push(event));
      const { id, attachment, exit } = await startContainer(harness, 'memoryHog');
      await until('it is told', () => seen.some(({ action }) => action === 'oom'));
      attachment.closeInput();
      expect(await exit).toEqual({ exitCode: 0 });
      await until(
        'inspect shows the mark',
        async () => (await harness.engine.inspectContainer(id, soon()))?.isOomKilled === true,
      );
    });
  });

  describe('names, labels and events', () => {
    test('shows in inspect what was asked for', async () => {
      await using harness = await open();
      const spec = specOf('echo', harness.image, { 'test.colour': 'blue' });
      const id = await harness.engine.createContainer(freshName(), spec, soon());
      const facts = await harness.engine.inspectContainer(id, soon());
      expect(facts).toMatchObject({ id, isRunning: false, exitCode: 0 });
      expect(facts?.body).toMatchObject({
        Config: { Labels: { 'test.colour': 'blue' } },
        HostConfig: { PidsLimit: 32, NetworkMode: 'none' },
      });
    });

    test('lets only one container have a name', async () => {
      await using harness = await open();
      const name = freshName();
      const create = (): Promise<string> => harness.engine.createContainer(name, specOf('echo', harness.image), soon());
      const results = await Promise.allSettled([create(), create(), create()]);
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused.map((result) => (result.reason as GantryError).code)).toEqual(['ENGINE_FAILED', 'ENGINE_FAILED']);
    });

    test('says IMAGE_MISSING for an image that is not there', async () => {
      await using harness = await open();
      const spec = specOf('echo', 'gantry/there-is-no-such-image:1');
      const refused = await rejectionOf(harness.engine.createContainer(freshName(), spec, soon()));
      expect(refused).toMatchObject({ code: 'IMAGE_MISSING' });
      expect(await harness.engine.inspectImage('gantry/there-is-no-such-image:1', soon())).toBeNull();
      expect((await harness.engine.inspectImage(harness.image, soon()))?.tags).toContain(harness.image);
    });

    test('lists the containers that carry all given labels', async () => {
      await using harness = await open();
      const make = (labels: Record<string, string>): Promise<string> =>
        harness.engine.createContainer(freshName(), specOf('echo', harness.image, labels), soon());
      const both = await make({ 'test.a': '1', 'test.b': '2' });
      await make({ 'test.a': '1' });
      const listed = await harness.engine.listContainers({ 'test.a': '1', 'test.b': '2' }, soon());
      expect(listed.map(({ id }) => id)).toEqual([both]);
    });

    test('tells start, die with the exit code, and destroy, in this order', async () => {
      await using harness = await open();
      const seen: EngineEvent[] = [];
      using _listening = harness.engine.onEvent((event) => void seen.push(event));
      const { id, exit } = await startContainer(harness, 'exit3', { 'test.colour': 'red' });
      await exit;
      await until('the death is told', () => seen.some(({ action }) => action === 'die'));
      await harness.engine.removeContainer(id, soon());
      await until('the end is told', () => seen.some(({ action }) => action === 'destroy'));
      const wanted = seen.filter(({ action }) => ['start', 'die', 'destroy'].includes(action));
      expect(wanted.map(({ action, exitCode }) => [action, exitCode])).toEqual([
        ['start', null],
        ['die', 3],
        ['destroy', null],
      ]);
      expect(wanted.every((event) => event.id === id && event.labels['test.colour'] === 'red')).toBe(true);
    });
  });
}
