// The engine's connections cut in the middle of an invocation, as by a killed daemon: the run whose plugin may have acted ends, those that are
// accepted meanwhile wait, the API goes on answering, and the program works again when the engine is back, without a restart.
import { expect, test } from 'vitest';
import { CuttableProxy } from '../support/engine/cuttable-proxy.ts';
import { testDockerHost } from '../support/engine/test-engine.ts';
import { FaultWorld } from '../support/faults/fault-world.ts';
import { request, waitFor } from '../support/gantry/api.ts';

test(
  'keeps what it accepts while the engine is away, and works again when it is back',
  { timeout: 600_000 },
  async () => {
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
    const ready = (): ReturnType<typeof request> => request(`${gantry.url}/readyz`);
    const refused = await waitFor(
      async () => ((await ready()).status === 503 ? await ready() : null),
      'readyz to say so',
    );
    expect(JSON.stringify(refused.body)).toMatch(/away for \d+ s .*runs wait/);

    const meanwhile = await Promise.all([world.accept('once'), world.accept('once')]);
    await proxy.mend();
    for (const waited of meanwhile) expect(await world.ended(waited)).toMatchObject({ state: 'succeeded' });
    await waitFor(async () => (await ready()).status === 200, 'readyz to say so', 120_000);
  },
);
