// The rare turns of a pool: retired while something waits, swept while nobody asks, and what the parts do when they are empty.
import { expect, test } from 'vitest';
import { Gate } from '../../../src/sandbox/pool/gate.ts';
import { IdleSandboxes } from '../../../src/sandbox/pool/idle-sandboxes.ts';
import { Pool } from '../../../src/sandbox/pool/pool.ts';
import { DEFAULT_SANDBOX_SETTINGS } from '../../../src/sandbox/sandbox-context.ts';
import { Slots } from '../../../src/sandbox/container/slots.ts';
import { Tokens } from '../../../src/sandbox/pool/tokens.ts';
import { Transports } from '../../../src/sandbox/container/transports.ts';
import { settleChains } from '../../support/clock/fake-clock.ts';
import { FakeWorker, HANGING } from '../../support/sandbox/fake-worker.ts';
import { streamProgram } from '../../support/sandbox/stream-program.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

const MiB = 1024 ** 2;
const never = new AbortController().signal;

function stops(worker: FakeWorker): readonly string[] {
  return worker.events.of('sandboxMoved').flatMap(({ to, reason }) => (to === 'stopping' ? [reason] : []));
}

test('a version that was retired while its start waited for memory tells so, and takes none', async () => {
  const facts = { cpus: 2, memoryBytes: 1_000 * MiB, hasAppArmor: false };
  await using worker = new FakeWorker({ memoryShare: 1 }, facts);
  worker.programs.set('hang', HANGING);
  void worker.invoke(worker.version('hang', { limits: { memoryBytes: 800 * MiB, timeoutMs: 600_000 } }));
  await worker.settle();
  const version = worker.version('honest', { limits: { memoryBytes: 400 * MiB } });
  const end = worker.invoke(version);
  await worker.settle();
  worker.sandboxes.retire(version);
  expect((await end).outcome).toMatchObject({ code: 'busy', message: expect.stringContaining('closed') as string });
  await worker.settle();
  expect(worker.sandboxes.states()).toHaveLength(1);
});

test('a retired version is forgotten once its sandboxes are gone, and served again by a run that still has it', async () => {
  await using worker = new FakeWorker();
  await worker.sandboxes.start();
  const version = worker.version();
  await worker.invoke(version);
  await worker.settle();
  worker.sandboxes.retire(version);
  await worker.clock.advance(2_000);
  expect(worker.sandboxes.states()).toEqual([]);
  worker.sandboxes.retire(version);
  expect((await worker.invoke(version)).outcome.code).toBe('ok');
});

test('a pool that is closed starts nothing, and says so to whoever comes late', async () => {
  await using worker = new FakeWorker();
  const { engine, clock, ids, events, logger, meter: usage } = worker;
  const transports = new Transports(null, null, logger);
  const settings = { ...DEFAULT_SANDBOX_SETTINGS, instanceId: 'fake', workerId: ids.newId('wrk') };
  const pool = new Pool(worker.version(), {
    context: { engine, clock, ids, events, logger, usage, settings, hasAppArmor: false, transports, onSaid: null },
    gate: new Gate(() => 1),
    brake: { state: 'free' },
    memory: new Tokens(1_000 * MiB, () => undefined),
    slots: new Slots(),
    all: new Set(),
    makeRoom: () => undefined,
  });
  pool.retire('test');
  pool.warm();
  pool.sweep();
  await expect(pool.take('a', '', never)).rejects.toMatchObject({ code: 'DRAINING' });
  await pool.settled();
  expect([pool.isEmpty, pool.worth, engine.calls.total]).toEqual([true, null, 0]);
});

test('an idle sandbox that grew old goes although nobody asks for it', async () => {
  await using worker = new FakeWorker();
  await worker.sandboxes.start();
  worker.programs.set('stream', streamProgram());
  const pool = poolLimits({ maxAgeMs: 10_000, idleMs: 5_000 });
  worker.sandboxes.warm(worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm', pool } }));
  await worker.clock.advance(3_000);
  expect([worker.count('idle'), stops(worker)]).toEqual([1, []]);
  await worker.clock.advance(12_000);
  expect(stops(worker)).toEqual(['idle']);
});

test('an idle sandbox of a minimum that grew old is replaced, and one that breaks the protocol while idle goes', async () => {
  await using worker = new FakeWorker();
  await worker.sandboxes.start();
  const babble = Promise.withResolvers<undefined>();
  const honest = streamProgram();
  worker.programs.set('stream', async (process) => {
    void babble.promise.then(() => process.stdout('who asked?\n'));
    return await honest(process);
  });
  const pool = poolLimits({ min: 1, maxAgeMs: 10_000, idleMs: 1_000 });
  worker.sandboxes.warm(worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm', pool } }));
  await worker.clock.advance(13_000);
  expect([stops(worker), worker.count('idle')]).toEqual([['old'], 1]);
  babble.resolve(undefined);
  await worker.settle();
  await worker.clock.advance(1_000);
  expect(stops(worker).at(-1)).toBe('broke the protocol while idle');
});

test('nothing idle has waited for no time, and gives nothing', () => {
  const idle = new IdleSandboxes(true);
  expect([
    idle.longestMs(1_000),
    idle.takeFor('', 1_000, () => undefined),
    idle.takeOldest(),
    idle.takeUnfit(0),
  ]).toEqual([0, null, null, []]);
});

test('no tokens at all are used up, and one who gives up in the moment of being served has been served', async () => {
  expect(new Tokens(0, () => undefined).usedRatio).toBe(1);
  const tokens = new Tokens(1, () => undefined);
  const held = await tokens.take('a', 1, never);
  const stop = new AbortController();
  const waiting = tokens.take('b', 1, stop.signal);
  held.release();
  stop.abort(new Error('too late'));
  (await waiting).release();
  await settleChains();
  expect([tokens.usedRatio, tokens.waiting]).toEqual([0, 0]);
});
