// A server without an engine and a worker without an API on one database: what the one accepts, the other does, and what is asked of the one
// reaches the other.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import { hasFerretdb } from '../../support/ferretdb/start-ferretdb.ts';
import { postJson, request, waitFor } from '../../support/gantry/api.ts';
import { readEvents } from '../../support/web/read-events.ts';
import { patient } from '../../support/store/build-records.ts';
import { openTwoPrograms, type TwoPrograms } from '../../support/gantry/two-programs.ts';

const LIMIT = { timeout: 900_000 };
const NO_ENGINE = 'unix:///nowhere/docker.sock';

describe.skipIf(!hasFerretdb())('a server and a worker on one database (not run without the stand-in)', () => {
  let world: TwoPrograms;
  let server = '';

  beforeAll(async () => {
    world = await openTwoPrograms([{ GANTRY_ROLE: 'server', DOCKER_HOST: NO_ENGINE }, { GANTRY_ROLE: 'worker' }]);
    server = world.programs[0].url;
  }, 900_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  }, 600_000);

  test(
    'the server accepts a run, the worker does it, and the server tells its result, log and events',
    LIMIT,
    async () => {
      const id = await world.start(world.programs[0], 'plain', [{ step: 'log', message: 'said by a plugin' }]);
      expect((await world.ended(world.programs[0], id)).state).toBe('succeeded');
      const logs = await request(`${server}/api/v1/runs/${id}/logs`);
      expect(JSON.stringify(logs.body)).toContain('said by a plugin');
      const kinds: string[] = [];
      const stream = await fetch(`${server}/api/v1/runs/${id}/events`, { signal: AbortSignal.timeout(120_000) });
      for await (const { event } of readEvents(stream)) kinds.push(event);
      expect(kinds).toEqual(expect.arrayContaining(['runClaimed', 'runFinished', 'end']));
      const page = await request(`${server}/api/v1/runs/${id}`);
      expect(page.body).toMatchObject({
        hooks: [{ name: 'act', plugins: [{ plugin: 'puppet', outcome: { code: 'ok' } }] }],
      });
      const [{ pluginVersion } = { pluginVersion: '' }] = await world.store.listInvocations(id, patient());
      const asked = { from: null, pluginVersions: { puppet: pluginVersion.slice('puppet@'.length) } };
      const replay = await postJson(`${server}/api/v1/runs/${id}/replay`, asked);
      expect(replay).toMatchObject({ status: 202, body: { lineage: { pluginVersions: { puppet: pluginVersion } } } });
      expect((await world.ended(world.programs[0], (replay.body as { id: RunId }).id)).state).toBe('succeeded');
      const unknown = { ...asked, pluginVersions: { puppet: '9.9.9' } };
      expect((await postJson(`${server}/api/v1/runs/${id}/replay`, unknown)).status).toBe(404);
    },
  );

  test('the server knows the plugins that the worker has built, and is ready without an engine', LIMIT, async () => {
    await request(`${server}/api/v1/plugins/reload`, { method: 'POST' });
    const known = await waitFor(async () => {
      const answer = await request(`${server}/api/v1/plugins`);
      const [plugin] = (answer.body as { items: { name: string; state: string }[] }).items;
      return plugin?.state === 'ready' ? plugin : null;
    }, 'the server to know the plugin');
    expect(known).toMatchObject({ name: 'puppet' });
    expect((await request(`${server}/readyz`)).status).toBe(200);
    expect((await request(new URL('/readyz', world.programs[1].metricsUrl).href)).status).toBe(200);
    expect(world.programs[1].url).toBeNull();
    const doctor = await world.programs[0].cli('doctor', '--json');
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; state: string }[] };
    expect(checks).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'role', state: 'ok', message: expect.stringContaining('no engine') as string }),
        expect.objectContaining({ name: 'store' }),
      ]),
    );
    expect(checks.some(({ name, state }) => name === 'engine' || state === 'failed')).toBe(false);
    expect(doctor.exitCode).toBe(0);
  });

  test('a cancel and an approval through the server reach the worker', LIMIT, async () => {
    const slow = await world.start(world.programs[0], 'beside', [{ step: 'sleep', seconds: 480 }]);
    const asked = await world.start(world.programs[0], 'asked', []);
    await world.when(slow, ({ hooks }) => hooks[1]?.state === 'waiting', 'to ask beside a hook at work');
    await world.when(asked, ({ state }) => state === 'waiting', 'to wait for a decision');
    const asks = `${server}/api/v1/runs/${slow}/approvals/ask`;
    expect((await postJson(asks, { decision: 'approve' })).status).toBeLessThan(300);
    expect((await postJson(asks, { decision: 'reject' })).status).toBe(409);
    const heard = await world.when(
      slow,
      ({ hooks }) => hooks[1]?.state === 'succeeded',
      'to go on behind the approval',
    );
    expect(heard).toMatchObject({ state: 'running', epoch: 1, hooks: [{ state: 'running' }, {}] });
    expect((await postJson(`${server}/api/v1/runs/${slow}/cancel`, {})).status).toBeLessThan(300);
    const decided = await postJson(`${server}/api/v1/runs/${asked}/approvals/act`, { decision: 'approve' });
    expect(decided.status).toBeLessThan(300);
    expect((await world.ended(world.programs[0], slow)).state).toBe('cancelled');
    expect((await world.ended(world.programs[0], asked)).state).toBe('succeeded');
    for (const program of world.programs) expect(await program.end('SIGTERM')).toBe(0);
  });
});
