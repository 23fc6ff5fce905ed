// The program dies in the middle of everything: idle sandboxes end by themselves, and the next start removes what is left. That it does so
// within 15 s is held on a fake clock, in test/unit/sandbox/reap-orphans.test.ts: here the machine may be of any speed.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import { until } from '../support/engine/until.ts';
import { Stand } from '../support/sandbox/stand.ts';

const PROGRAM = new URL('../support/sandbox/abandoned-worker.ts', import.meta.url);

test('leaves nothing on the engine after a SIGKILL and the next start', async () => {
  const instanceId = `test-${new SystemIds().randomHex(8)}`;
  const child = fork(PROGRAM, [instanceId], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [ready] = (await once(child, 'message')) as [string];
  expect(ready).toBe('one sandbox is busy, one is idle');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using stand = await Stand.open({ instanceId, reapIntervalMs: 1_000 });
  await until('no container of the dead worker is left', async () => (await stand.containers()).length === 0);
  const reaped = (): number => stand.events.of('orphansReaped').reduce((sum, event) => sum + event.count, 0);
  // Told after the last one is gone.
  await until('both are told of', () => reaped() >= 2);
  const end = await stand.act(stand.version(), [{ step: 'merge', data: { n: 1 } }]);
  expect(end.outcome.code).toBe('ok');
});
