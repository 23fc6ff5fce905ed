// A database that stops answering in the middle of a run: no trigger hangs, none is told yes without a run, and when the database is back
// the run that nobody could write any more is settled.
import { expect, test } from 'vitest';
import { hasFerretdb, startFerretdb } from '../support/ferretdb/start-ferretdb.ts';
import { FaultWorld } from '../support/faults/fault-world.ts';
import { postJson, request, waitFor } from '../support/gantry/api.ts';
import { startCuttableProxy } from '../support/store/cuttable-proxy.ts';

/** No stall of a machine is a death, and nothing is waited for longer than it must. */
const SYSTEM = `runs: {heartbeat: 2s, deadAfter: 30s, grace: 1s, maxRunning: 4}
store: {timeout: 8s}
logs: {level: info}
`;

test.skipIf(!hasFerretdb())(
  'neither hangs nor lies while the database stalls, and settles its runs after it',
  { timeout: 600_000 },
  async () => {
    await using server = await startFerretdb();
    await using proxy = await startCuttableProxy(server.uri, { isSerial: true });
    await using world = new FaultWorld({ system: SYSTEM, environment: { GANTRY_STORE_URI: proxy.uri } });
    const gantry = await world.start();
    const id = await world.accept('once', { step: 'sleep', seconds: 480 });
    await world.underWay(id);

    await waitFor(async () => (await busySandboxes(gantry.metricsUrl)) === 1, 'the sandbox to be counted');

    const release = proxy.stall();
    const start = `${gantry.url}/api/v1/pipelines/once/runs`;
    const refused = await postJson(start, { data: { do: [] } }, { 'idempotency-key': 'during' });
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: expect.stringMatching(/^STORE_/) as string });
    expect((await request(`${gantry.url}/healthz`)).status).toBe(200);
    await waitFor(async () => (await request(`${gantry.url}/readyz`)).status === 503, 'readyz to say so', 120_000);
    // The plugin is stopped by the worker itself, long before anyone could take the run for forsaken.
    await waitFor(async () => (await busySandboxes(gantry.metricsUrl)) === 0, 'the run to be let go', 120_000);

    release();
    const run = await world.ended(id);
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'WORKER_LOST' } });
    expect(run.hooks[0]?.plugins).toHaveLength(1);
    const again = await waitFor(
      async () => {
        const answer = await postJson(start, { data: { do: [] } }, { 'idempotency-key': 'during' });
        return answer.status === 503 ? null : answer;
      },
      'a run to be accepted again',
      120_000,
    );
    const { id: second } = again.body as { id: string };
    expect(await world.ended(second)).toMatchObject({ state: 'succeeded' });
  },
);

async function busySandboxes(metricsUrl: string): Promise<number> {
  const answer = await request(`${metricsUrl}/metrics`);
  const lines = String(answer.body)
    .split('\n')
    .filter((one) => /^gantry_sandboxes\{.*state="busy".*\}/.test(one));
  return lines.reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0);
}
