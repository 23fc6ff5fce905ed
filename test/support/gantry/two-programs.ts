// Two real programs with data folders of their own on one database, which lets one command through at a time (the stand-in's updates are not
// atomic by themselves). What they made on the engine goes at the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoStore } from '../../../src/adapters/mongo/mongo-store.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/run.ts';
import { sweepInstance } from '../faults/instance-traces.ts';
import { startFerretdb } from '../ferretdb/start-ferretdb.ts';
import { postJson, request, waitFor } from './api.ts';
import { startGantry, type Gantry } from './start-gantry.ts';
import { makePuppetFolder, puppetData, type PuppetStep } from '../puppet/puppet-folder.ts';
import { patient, testClock } from '../store/build-records.ts';
import { startCuttableProxy } from '../store/cuttable-proxy.ts';

const PATIENCE_MS = 240_000;
const DATABASE = 'shared';

/** A beat may be late on a slow machine, but not by a minute. */
const SYSTEM = `runs: {heartbeat: 5s, deadAfter: 60s, grace: 200s, maxRunning: 2, sandboxWait: 4m}
store: {timeout: 30s, database: ${DATABASE}}
images: {isOn: false}
brake: {isOn: false}
`;

const PIPELINES = `pipelines:
  - {name: plain, hooks: [{name: act}], timeout: 10m}
  - {name: asked, hooks: [{name: act, approval: {}}], timeout: 10m}
  - {name: beside, hooks: [{name: act, after: []}, {name: ask, after: [], approval: {}}], timeout: 10m}
  - {name: alone, hooks: [{name: act}], timeout: 10m, concurrency: {max: 1, key: params.customer}}
`;

export interface TwoPrograms extends AsyncDisposable {
  readonly programs: readonly [Gantry, Gantry];
  /** the database, past both programs */
  readonly store: MongoStore;
  start(program: Gantry, pipeline: string, steps: readonly PuppetStep[], params?: object): Promise<RunId>;
  find(id: RunId): Promise<Run>;
  /** Waits until the run in the database is as wanted. */
  when(id: RunId, isIt: (run: Run) => boolean, what: string): Promise<Run>;
  /** Waits for the run's end by the API of a program, as a caller does. */
  ended(program: Gantry, id: RunId): Promise<{ readonly state: string }>;
}

/** What each of the two is started with beside all that they share. */
type Environments = readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>];

export async function openTwoPrograms(environments: Environments = [{}, {}]): Promise<TwoPrograms> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'gantry-two-'));
  stack.defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const server = stack.use(await startFerretdb());
  const { uri } = stack.use(await startCuttableProxy(server.uri, { isSerial: true }));
  const plugins = join(folder, 'plugins');
  makePuppetFolder(plugins, 'puppet', { hooks: ['act'], limits: { timeout: '9m' }, failHard: true });
  const begin = async (name: string, own: Readonly<Record<string, string>>): Promise<Gantry> => {
    const home = join(folder, name);
    await mkdir(home);
    stack.defer(async () => {
      await sweepInstance(join(home, 'data'));
    });
    const environment = { GANTRY_STORE_URI: uri, ...own };
    return stack.use(await startGantry({ folder: home, plugins, pipelines: PIPELINES, system: SYSTEM, environment }));
  };
  const programs = [await begin('a', environments[0]), await begin('b', environments[1])] as const;
  const silent = { events: { emit: () => undefined }, logger: { log: () => undefined } };
  const store = stack.use(new MongoStore({ uri, database: DATABASE, clock: testClock, ...silent }));
  await store.open(patient());
  const held = stack.move();
  const find = async (id: RunId): Promise<Run> => {
    const run = await store.findRun(id, patient());
    if (run === null) throw new Error(`no run ${id}`);
    return run;
  };
  return {
    programs,
    store,
    find,
    start: async (program, pipeline, steps, params = {}) => {
      const body = { data: puppetData(...steps), params };
      const answer = await postJson(`${program.url}/api/v1/pipelines/${pipeline}/runs`, body);
      if (answer.status !== 202) throw new Error(`not accepted: ${JSON.stringify(answer.body)}`);
      return (answer.body as { id: RunId }).id;
    },
    when: async (id, isIt, what) =>
      await waitFor(
        async () => {
          const run = await find(id);
          return isIt(run) ? run : null;
        },
        `run ${id} ${what}`,
        PATIENCE_MS,
      ),
    ended: async (program, id) =>
      await waitFor(
        async () => {
          const answer = await request(`${program.url}/api/v1/runs/${id}`, { headers: { prefer: 'wait=30' } });
          const run = answer.body as { finishedAt: string | null; state: string };
          return run.finishedAt === null ? null : run;
        },
        `the end of run ${id}`,
        PATIENCE_MS,
      ),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
