// Real containers where memory is promised to one sandbox at a time: the one that stands idle goes, so that another plugin's can start.
import { expect, test } from 'vitest';
import { until } from '../../support/engine/until.ts';
import { Stand } from '../../support/sandbox/stand.ts';

test('the idle sandbox of one plugin is stopped so that another plugin is served', async () => {
  // Less than any plugin's limit: what asks for more than the whole gets the whole.
  await using stand = await Stand.open({ memoryShare: 1e-9 });
  const [first, second] = [stand.version(), stand.version()];
  expect((await stand.act(first, [])).outcome.code).toBe('ok');
  const isIdle = (): boolean => stand.sandboxes.states().some(({ state }) => state === 'idle');
  await until('the replacement stands ready', isIdle);
  expect((await stand.act(second, [])).outcome.code).toBe('ok');
  const stops = stand.events.of('sandboxMoved').filter(({ to }) => to === 'stopping');
  expect(stops.map(({ reason }) => reason)).toContain('room for another plugin');
  const ratios = stand.events.of('capacityChanged').filter(({ resource }) => resource === 'memory');
  expect(Math.max(...ratios.map(({ usedRatio }) => usedRatio))).toBe(1);
});
