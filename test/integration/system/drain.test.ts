// A program that is told to end: nothing new is begun, what is under way comes to its end, what is queued stays queued; exit code 0. A second
// signal ends it at once.
import { expect, test } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import { FaultWorld } from '../../support/faults/fault-world.ts';
import { request, waitFor } from '../../support/gantry/api.ts';
import { patient } from '../../support/store/build-records.ts';
import { createSqliteStore } from '../../support/store/open-sqlite.ts';

const SYSTEM = 'runs: {grace: 200s, maxRunning: 1, sandboxWait: 4m}\nstore: {timeout: 20s}\n';

test(
  'lets what is under way end, leaves what is queued, and obeys a second signal at once',
  { timeout: 900_000 },
  async () => {
    await using world = new FaultWorld({ system: SYSTEM });
    const first = await world.start();
    const running = await world.accept('once', { step: 'sleep', seconds: 3 });
    await world.underWay(running);
    const queued = await world.accept('once', { step: 'sleep', seconds: 480 });
    expect(await first.end('SIGTERM')).toBe(0);
    {
      await using store = createSqliteStore(`${world.dataFolder}/gantry.db`);
      await store.open(patient());
      expect(await store.findRun(running as RunId, patient())).toMatchObject({ state: 'succeeded', epoch: 1 });
      expect(await store.findRun(queued as RunId, patient())).toMatchObject({ state: 'queued', epoch: 0 });
    }
    const second = await world.start();
    await world.underWay(queued);
    const ended = second.end('SIGTERM');
    await waitFor(
      async () => (await request(`${second.url}/readyz`)).status === 503,
      'the program to say that it takes nothing new',
    );
    // Signals within a second count as one.
    let isOver = false;
    void ended.finally(() => {
      isOver = true;
    });
    await waitFor(() => {
      if (!isOver) signal(second.pid);
      return isOver;
    }, 'the program to end');
    expect(await ended).toBe(143);
  },
);

/** It may have ended since we looked. */
function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
