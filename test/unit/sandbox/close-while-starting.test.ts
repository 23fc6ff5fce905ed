// The end of a worker while a sandbox is being made: the engine finishes a create that nobody waits for any more, so somebody must.
import { expect, test } from 'vitest';
import type { FakeOperation } from '../../support/engine/fake-calls.ts';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';

const STEPS: readonly FakeOperation[] = ['createContainer', 'inspectContainer', 'attach', 'waitExit', 'startContainer'];

test.each(STEPS)('leaves no container behind when it is told to end during %s', async (step) => {
  await using worker = new FakeWorker();
  const release = worker.engine.calls.hold(step);
  worker.sandboxes.warm(worker.version());
  await worker.settle();
  expect(worker.engine.calls.count(step)).toBe(1);
  let isClosed = false;
  const closed = worker.sandboxes[Symbol.asyncDispose]().then(() => {
    isClosed = true;
  });
  await worker.settle();
  if (step === 'createContainer') expect(isClosed).toBe(false);
  release();
  await closed;
  expect([...worker.engine.containers.keys()]).toEqual([]);
  expect(worker.sandboxes.states()).toEqual([]);
});
