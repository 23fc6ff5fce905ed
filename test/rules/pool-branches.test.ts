// Every branch of the state machines of the pools is run by the tests of test/unit/sandbox, which are loaded here a second time and counted.
import { afterAll, expect, test } from 'vitest';
import { BranchCoverage } from '../support/coverage/branch-coverage.ts';

const MACHINES = [
  'src/core/sandbox.ts',
  'src/core/quarantine.ts',
  'src/core/pressure.ts',
  'src/sandbox/pool/pool.ts',
  'src/sandbox/pool/pool-supply.ts',
  'src/sandbox/pool/idle-sandboxes.ts',
  'src/sandbox/pool/inquiry.ts',
  'src/sandbox/pool/quarantine.ts',
  'src/sandbox/pool/pressure-brake.ts',
  'src/sandbox/pool/make-room.ts',
  'src/sandbox/pool/waiting-room.ts',
  'src/sandbox/pool/fair-queue.ts',
  'src/sandbox/pool/waiting-line.ts',
  'src/sandbox/pool/tokens.ts',
  'src/sandbox/pool/gate.ts',
  'src/sandbox/pool/backoff.ts',
  'src/sandbox/pool/demand.ts',
  'src/sandbox/jitter.ts',
  'src/sandbox/pool/left-alone.ts',
] as const;

const coverage = await BranchCoverage.start();
await import('../unit/core/transitions.test.ts');
await import('../unit/sandbox/close-while-starting.test.ts');
await import('../unit/sandbox/concurrency.test.ts');
await import('../unit/sandbox/crash-loop.test.ts');
await import('../unit/sandbox/inquiry.test.ts');
await import('../unit/sandbox/invoke-stopped.test.ts');
await import('../unit/sandbox/invoke.test.ts');
await import('../unit/sandbox/make-room.test.ts');
await import('../unit/sandbox/pool-edges.test.ts');
await import('../unit/sandbox/pool.test.ts');
await import('../unit/sandbox/pressure.test.ts');
await import('../unit/sandbox/quarantine.test.ts');
await import('../unit/sandbox/rest.test.ts');
await import('../unit/sandbox/sandbox-moves.test.ts');
await import('../unit/sandbox/sharing.test.ts');
await import('../unit/sandbox/sizes.test.ts');
await import('../unit/sandbox/waiting-room.test.ts');
await import('../unit/sandbox/warm-life.test.ts');
await import('../unit/sandbox/warm.test.ts');

afterAll(async () => {
  await coverage.stop();
});

test('no branch of them is left out', async () => {
  expect(await coverage.uncovered(MACHINES)).toEqual([]);
});
