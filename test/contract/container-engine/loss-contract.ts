// The contract of what ends a call early: the caller's signal, and a lost engine.
import { describe, expect, test } from 'vitest';
import type { CallOptions } from '../../../src/core/ports/container-engine.ts';
import { soon } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';
import { specOf } from './behaviours.ts';
import { firstOutput, freshName, rejectionOf, startContainer, type OpenHarness } from './engine-harness.ts';

export function describeLoss(open: OpenHarness): void {
  describe('the signal', () => {
    test('lets every call reject with its reason when it has aborted before', async () => {
      await using harness = await open();
      const { engine, image } = harness;
      const id = await engine.createContainer(freshName(), specOf('echo', image), soon());
      const over: CallOptions = { signal: AbortSignal.abort(new Error('too late')) };
      const calls: readonly Promise<unknown>[] = [
        engine.facts(over),
        engine.createContainer(freshName(), specOf('echo', image), over),
        engine.inspectContainer(id, over),
        engine.attach(id, over),
        engine.waitExit(id, over),
        engine.startContainer(id, over),
        engine.killContainer(id, 'SIGKILL', over),
        engine.removeContainer(id, over),
        engine.listContainers({}, over),
        engine.inspectImage(image, over),
      ];
      const reasons = await Promise.all(calls.map((call) => rejectionOf(call)));
      expect(reasons.every((reason) => reason === over.signal.reason)).toBe(true);
      expect(await engine.inspectContainer(id, soon())).toMatchObject({ isRunning: false });
    });

    test('ends a registered wait with its reason, and leaves the container alone', async () => {
      await using harness = await open();
      const { id, attachment } = await startContainer(harness, 'sleeper');
      const stop = new AbortController();
      const { exit } = await harness.engine.waitExit(id, { signal: stop.signal });
      stop.abort(new Error('no more'));
      expect(await rejectionOf(exit)).toBe(stop.signal.reason);
      expect((await harness.engine.inspectContainer(id, soon()))?.isRunning).toBe(true);
      attachment[Symbol.dispose]();
    });
  });

  describe('a lost engine', () => {
    test('rejects open waits with DOCKER_UNAVAILABLE and never lets a cut stream look like an exit', async () => {
      await using harness = await open();
      const { attachment, exit } = await startContainer(harness, 'sleeper');
      const { settled } = await firstOutput(attachment);
      await harness.cut();
      expect(await rejectionOf(exit)).toMatchObject({ code: 'DOCKER_UNAVAILABLE' });
      const end = await settled;
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'DOCKER_UNAVAILABLE' });
    });

    test('rejects a write that is under way', async () => {
      await using harness = await open();
      const { attachment } = await startContainer(harness, 'sleeper');
      await firstOutput(attachment);
      attachment.write(Buffer.alloc(16 * 1024 * 1024));
      const writing = rejectionOf(attachment.flushed(soon()));
      await harness.cut();
      expect(['DOCKER_UNAVAILABLE', 'ENGINE_FAILED']).toContain(((await writing) as { code?: string }).code);
    });

    test('rejects new calls, too, until it is back', async () => {
      await using harness = await open();
      const { id } = await startContainer(harness, 'sleeper');
      await harness.cut();
      expect(await rejectionOf(harness.engine.inspectContainer(id, soon()))).toMatchObject({
        code: 'DOCKER_UNAVAILABLE',
      });
      await harness.mend();
      await until('the engine is connected', () => harness.engine.isConnected());
      expect(await harness.engine.inspectContainer(id, soon())).toMatchObject({ id });
    });

    test('tells its listeners once when it is lost and once when it is back', async () => {
      await using harness = await open();
      const told: (string | null)[] = [];
      using _listening = harness.engine.onConnection((lost) => void told.push(lost));
      expect(harness.engine.isConnected()).toBe(true);
      await harness.cut();
      await until('the loss is told', () => told.length > 0);
      expect(harness.engine.isConnected()).toBe(false);
      await harness.mend();
      await until('the return is told', () => told.includes(null));
      expect(harness.engine.isConnected()).toBe(true);
      expect(told.map((lost) => typeof lost)).toEqual(['string', 'object']);
    });

    test('tells no event to a listener that was removed', async () => {
      await using harness = await open();
      const [removed, kept]: [string[], string[]] = [[], []];
      harness.engine.onEvent(({ action }) => void removed.push(action))[Symbol.dispose]();
      using _listening = harness.engine.onEvent(({ action }) => void kept.push(action));
      await startContainer(harness, 'exit3');
      await until('the death is told', () => kept.includes('die'));
      expect(removed).toEqual([]);
    });
  });
}
