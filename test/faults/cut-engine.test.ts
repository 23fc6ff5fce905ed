// The engine's connections cut in the middle of an invocation, as by a killed daemon: the run ends, the API goes on answering, and the
// program works again when the engine is back, without a restart.
import { expect, test } from 'vitest';
import { CuttableProxy } from '../support/engine/cuttable-proxy.ts';
import { testDockerHost } from '../support/engine/test-engine.ts';
import { FaultWorld } from '../support/faults/fault-world.ts';
import { request, waitFor } from '../support/gantry/api.ts';

test('ends its runs when the engine goes, and works again when it is back', { timeout: 600_000 }, async () => {
  await using proxy = await CuttableProxy.open(testDockerHost());
  await using world = new FaultWorld({ environment: { DOCKER_HOST: proxy.dockerHost } });
  const gantry = await world.start();
  const id = await world.accept('once', { step: 'sleep', seconds: 480 });
  await world.underWay(id);
  await proxy.cut();
  const run = await world.ended(id);
  expect(run.state).toBe('failed');
  expect(['engine', 'lost']).toContain(run.failure?.code);
  expect((await request(`${gantry.url}/healthz`)).status).toBe(200);
  await waitFor(async () => (await request(`${gantry.url}/readyz`)).status === 503, 'readyz to say so');

  const during = await world.ended(await world.accept('once'));
  expect(during.state).toBe('failed');

  await proxy.mend();
  await waitFor(
    async () => (await request(`${gantry.url}/readyz`)).status === 200,
    'the engine to be found again',
    120_000,
  );
  expect(await world.ended(await world.accept('once'))).toMatchObject({ state: 'succeeded' });
});
