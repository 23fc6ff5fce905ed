// The reaper: what a dead worker left goes, everything else stays.
import { expect, test } from 'vitest';
import { FakeWorker, HANGING } from '../../support/sandbox/fake-worker.ts';

async function leave(worker: FakeWorker, labels: Record<string, string>): Promise<string> {
  const spec = { body: { Image: 'puppet:1', Labels: { 'io.gantry.instance': 'fake', ...labels } } };
  const { signal } = new AbortController();
  return await worker.engine.createContainer(`left-${worker.engine.containers.size}`, spec, { signal });
}

test('removes at the start what another worker left, and counts it', async () => {
  await using worker = new FakeWorker();
  await leave(worker, { 'io.gantry.owner': 'wrk_dead', 'io.gantry.sandbox': 'sbx_1' });
  await leave(worker, { 'io.gantry.owner': 'wrk_dead', 'io.gantry.sandbox': 'sbx_2' });
  await worker.sandboxes.start();
  expect(worker.engine.containers.size).toBe(0);
  expect(worker.events.of('orphansReaped')).toEqual([{ kind: 'orphansReaped', count: 2 }]);
});

test('removes later what appears later, within its interval', async () => {
  await using worker = new FakeWorker({ reapIntervalMs: 5_000 });
  await worker.sandboxes.start();
  await leave(worker, { 'io.gantry.owner': 'wrk_dead', 'io.gantry.sandbox': 'sbx_1' });
  await worker.clock.advance(5_000);
  expect(worker.engine.containers.size).toBe(0);
});

test('removes within 15 s, as it comes, what a worker leaves behind, also when a removal fails', async () => {
  await using worker = new FakeWorker();
  await worker.sandboxes.start();
  await leave(worker, { 'io.gantry.owner': 'wrk_dead', 'io.gantry.sandbox': 'sbx_1' });
  worker.engine.calls.refuse('removeContainer', new Error('device busy'));
  await worker.clock.advance(15_000);
  expect(worker.engine.containers.size).toBe(0);
});

test('leaves alone what has no owner or is no sandbox', async () => {
  await using worker = new FakeWorker();
  await leave(worker, {});
  await leave(worker, { 'io.gantry.owner': 'wrk_dead' });
  await leave(worker, { 'io.gantry.sandbox': 'sbx_1' });
  await worker.sandboxes.start();
  expect(worker.engine.containers.size).toBe(3);
});

test('leaves its own living sandboxes alone for any time', async () => {
  await using worker = new FakeWorker({ reapIntervalMs: 5_000 });
  worker.programs.set('hang', HANGING);
  await worker.sandboxes.start();
  const end = worker.invoke(worker.version('hang', { limits: { timeoutMs: 200_000 } }));
  await worker.clock.advance(199_000);
  expect(worker.count('busy')).toBe(1);
  await worker.clock.advance(1_000);
  expect((await end).outcome.code).toBe('timeout');
  expect(worker.events.of('orphansReaped')).toEqual([]);
});

test('tries again what could not be removed', async () => {
  await using worker = new FakeWorker({ reapIntervalMs: 5_000 });
  await leave(worker, { 'io.gantry.owner': 'wrk_dead', 'io.gantry.sandbox': 'sbx_1' });
  worker.engine.calls.refuse('removeContainer', new Error('device busy'));
  await worker.sandboxes.start();
  expect(worker.engine.containers.size).toBe(1);
  await worker.clock.advance(5_000);
  expect(worker.engine.containers.size).toBe(0);
});
