// The live state that panel and API show is what the events said last.
import { expect, test } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { LiveStatus } from '../../../src/observe/live-status.ts';

test('sandboxes stand where their last move brought them, and capacity is as it was last told', () => {
  const live = new LiveStatus();
  const moved = { kind: 'sandboxMoved', sandboxId: new SystemIds().newId('sbx'), plugin: 'p', reason: '' } as const;
  live.record({ ...moved, from: null, to: 'creating' });
  live.record({ ...moved, from: 'creating', to: 'starting' });
  live.record({ kind: 'capacityChanged', resource: 'memory', usedRatio: 0.5 });
  expect(live.status()).toMatchObject({
    sandboxes: { creating: 0, starting: 1, idle: 0, busy: 0, stopping: 0 },
    capacity: { cpu: null, memory: 0.5 },
    quarantined: [],
  });
});

test('a plugin in quarantine is shown with its cause until it serves again, also while it is probed', () => {
  const live = new LiveStatus();
  const moved = { kind: 'quarantineMoved', plugin: 'p', version: 'p@1' } as const;
  live.record({ ...moved, from: 'closed', to: 'open', cause: 'exit code 3', untilMs: 5 });
  live.record({ ...moved, from: 'open', to: 'half_open', cause: '', untilMs: null });
  expect(live.status().quarantined).toEqual([{ version: 'p@1', cause: 'exit code 3', untilMs: 5 }]);
  live.record({ ...moved, from: 'half_open', to: 'closed', cause: '', untilMs: null });
  expect(live.status().quarantined).toEqual([]);
});

test('the pressure of the host is as it was last measured', () => {
  const live = new LiveStatus();
  expect(live.status().pressure).toBeNull();
  live.record({ kind: 'pressureMeasured', cpu: 0.5, memory: null, io: 0, state: 'free' });
  expect(live.status().pressure).toEqual({ state: 'free', cpu: 0.5, memory: null, io: 0 });
});
