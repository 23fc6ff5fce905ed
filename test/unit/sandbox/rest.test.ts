// Proves that a start which nobody waits for lets the invocation before it go first, and that nobody has to wait for that rest.
import { expect, test } from 'vitest';
import { FakeWorker, HANGING } from '../../support/sandbox/fake-worker.ts';

test('replaces a taken sandbox only after a rest', async () => {
  await using worker = new FakeWorker({ restMs: 2_000 });
  const version = worker.version();
  worker.sandboxes.warm(version);
  await worker.clock.advance(3_000);
  expect((await worker.invoke(version)).sandboxKind).toBe('prestarted');
  await worker.settle();
  expect(worker.sandboxes.states()).toEqual([]);
  await worker.clock.advance(1_500);
  expect(worker.sandboxes.states()).toEqual([]);
  await worker.clock.advance(1_000);
  expect(worker.count('idle')).toBe(1);
});

test('starts at once for an invocation that comes during the rest', async () => {
  await using worker = new FakeWorker({ restMs: 60_000 });
  worker.programs.set('hang', HANGING);
  const version = worker.version('hang', { limits: { timeoutMs: 1_000 } });
  const first = worker.invoke(version);
  await worker.settle();
  expect(worker.count('busy')).toBe(1);
  const second = worker.invoke(version);
  await worker.settle();
  await worker.clock.advance(20);
  expect(worker.count('busy')).toBe(2);
  await worker.clock.advance(1_000);
  expect([(await first).outcome.code, (await second).outcome.code]).toEqual(['timeout', 'timeout']);
});
