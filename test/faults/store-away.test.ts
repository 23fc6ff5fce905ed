// A program that is started before its store can be had: it says that it is not ready and why, accepts nothing, and serves by itself once the
// store is there.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { FaultWorld } from '../support/faults/fault-world.ts';
import { findMountObstacle, mountReadOnly, unmount } from '../support/faults/mounts.ts';
import { hasFerretdb, startFerretdb } from '../support/ferretdb/start-ferretdb.ts';
import { postJson, request, waitFor } from '../support/gantry/api.ts';
import { startCuttableProxy } from '../support/store/cuttable-proxy.ts';

const mountObstacle = await findMountObstacle();

/** Below the ports that the system gives out by itself: it stays free while the program goes from one listener to the next. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const server = createServer();
    const isFree = once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.listen(port, '127.0.0.1');
    if (!(await isFree)) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Until the program that listens there says that its store is away, with these words among its reasons. */
async function untilAway(url: string, why: RegExp): Promise<void> {
  const isSaid = async (): Promise<boolean> => {
    const answer = await request(`${url}/readyz`).catch(() => null);
    return answer?.status === 503 && why.test(JSON.stringify(answer.body));
  };
  await waitFor(isSaid, `readyz to say ${String(why)}`, 120_000);
}

async function serves(world: FaultWorld, url: string): Promise<void> {
  await waitFor(async () => (await request(`${url}/readyz`)).status === 200, 'the program to be ready', 120_000);
  expect(await world.ended(await world.accept('once'))).toMatchObject({ state: 'succeeded' });
}

test.skipIf(!hasFerretdb())(
  'waits for a database that cannot be reached when it starts, and serves once it can',
  { timeout: 600_000 },
  async () => {
    await using server = await startFerretdb();
    await using proxy = await startCuttableProxy(server.uri, { isSerial: true });
    const comeBack = proxy.goDown();
    const port = await freePort();
    const environment = { GANTRY_STORE_URI: proxy.uri, GANTRY_WEB_PORT: String(port) };
    await using world = new FaultWorld({ environment });
    const starting = world.start();
    starting.catch(() => undefined);
    const url = `http://127.0.0.1:${String(port)}`;
    await untilAway(url, /"name":"store","isUp":false/);
    expect((await request(`${url}/healthz`)).status).toBe(200);
    const refused = await postJson(`${url}/api/v1/pipelines/once/runs`, { data: { do: [] } });
    expect(refused).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } });
    comeBack();
    expect((await starting).url).toBe(url);
    await serves(world, url);
  },
);

test('waits for a store file that it cannot write, and serves once it can', { timeout: 600_000 }, async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  await using world = new FaultWorld({ environment: { GANTRY_WEB_PORT: String(port) } });
  mkdirSync(world.dataFolder, { recursive: true });
  const file = join(world.dataFolder, 'gantry.db');
  using other = new DatabaseSync(file);
  other.exec('BEGIN EXCLUSIVE; CREATE TABLE held (one)');
  world.defer(() => unmount(file).catch(() => undefined));
  if (mountObstacle === null) await mountReadOnly(file);
  const starting = world.start();
  starting.catch(() => undefined);
  if (mountObstacle === null) {
    await untilAway(url, /read-only|EROFS/i);
    await unmount(file);
  }
  await untilAway(url, /locked/);
  expect(await postJson(`${url}/api/v1/pipelines/once/runs`, {})).toMatchObject({
    status: 503,
    body: { code: 'STORE_UNAVAILABLE' },
  });
  other.exec('ROLLBACK');
  await starting;
  await serves(world, url);
});

test('ends without a complaint when it is stopped while it waits', { timeout: 600_000 }, async () => {
  const port = await freePort();
  let pid = 0;
  const onSpawned = (spawned: number): void => {
    pid = spawned;
  };
  await using world = new FaultWorld({ environment: { GANTRY_WEB_PORT: String(port) }, onSpawned });
  // A folder is no file to store anything in.
  mkdirSync(join(world.dataFolder, 'gantry.db'), { recursive: true });
  const starting = world.start();
  starting.catch(() => undefined);
  await untilAway(`http://127.0.0.1:${String(port)}`, /EISDIR/);
  process.kill(pid, 'SIGTERM');
  await expect(starting).rejects.toThrow('ended with 0 before it listened');
});
