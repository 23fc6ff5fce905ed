// A real program on a real engine with the puppet as its only plugins, whose data folder outlives it: what fault tests start, break and
// start again. Everything it made on the engine goes at the end, past whatever the test has cut.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postJson, request, waitFor } from '../gantry/api.ts';
import { startGantry, type Gantry, type GantryOptions } from '../gantry/start-gantry.ts';
import { makePuppetFolder, puppetData, type PuppetStep } from '../puppet/puppet-folder.ts';
import { containersOf, sweepInstance } from './instance-traces.ts';

/** Far beyond what a run of these tests takes, on a machine that is ten times slower. */
export const PATIENCE_MS = 240_000;

/** A stall of the disk or of the machine is no death: only a store that is cut off for longer than any of them is. */
const SYSTEM = `runs: {heartbeat: 5s, deadAfter: 60s, grace: 1s, maxRunning: 4}
store: {timeout: 20s}
logs: {level: info}
`;

const PIPELINES = `pipelines:
  - name: once
    hooks: [{name: act_once}]
    timeout: 10m
  - name: again
    hooks: [{name: act_again}]
    timeout: 10m
`;

export interface RunDocument {
  readonly id: string;
  readonly state: string;
  readonly finishedAt: string | null;
  readonly failure: { readonly code: string } | null;
  readonly hooks: readonly {
    readonly plugins: readonly {
      readonly attempt: number;
      readonly state: string;
      readonly outcome: { readonly code: string } | null;
      readonly sandbox: string | null;
    }[];
  }[];
}

export class FaultWorld implements AsyncDisposable {
  readonly folder: string;
  readonly #options: GantryOptions;
  readonly #releases: (() => Promise<void>)[] = [];
  #gantry: Gantry | null = null;

  constructor(options: GantryOptions = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'gantry-fault-'));
    const plugins = join(this.folder, 'plugins');
    const limits = { timeout: '9m' };
    makePuppetFolder(plugins, 'once', { hooks: ['act_once'], limits, failHard: true });
    makePuppetFolder(plugins, 'again', { hooks: ['act_again'], limits, failHard: true, idempotent: true });
    this.#options = { system: SYSTEM, pipelines: PIPELINES, ...options, plugins, folder: this.folder };
  }

  get gantry(): Gantry {
    if (this.#gantry === null) throw new Error('the program was not started');
    return this.#gantry;
  }

  get dataFolder(): string {
    return join(this.folder, 'data');
  }

  /** Something to do at the end, after the program and before its folder goes. */
  defer(release: () => Promise<void>): void {
    this.#releases.push(release);
  }

  /** Starts the program over the same data folder. */
  async start(): Promise<Gantry> {
    this.#gantry = await startGantry(this.#options);
    return this.#gantry;
  }

  /** Starts a run; resolves once it is accepted. */
  async accept(pipeline: 'once' | 'again', ...steps: readonly PuppetStep[]): Promise<string> {
    const answer = await postJson(`${this.gantry.url}/api/v1/pipelines/${pipeline}/runs`, {
      data: puppetData(...steps),
    });
    if (answer.status !== 202) throw new Error(`not accepted: ${JSON.stringify(answer.body)}`);
    return (answer.body as { id: string }).id;
  }

  async run(id: string): Promise<RunDocument> {
    const answer = await request(`${this.gantry.url}/api/v1/runs/${id}`);
    if (answer.status !== 200) throw new Error(`no run ${id}: ${JSON.stringify(answer.body)}`);
    return answer.body as RunDocument;
  }

  /** Waits until the run's plugin has its input. */
  async underWay(id: string): Promise<RunDocument> {
    const isRunning = (run: RunDocument): boolean =>
      run.hooks.some(({ plugins }) => plugins.some(({ state }) => state === 'running'));
    return await this.#when(id, isRunning, 'to be under way');
  }

  async ended(id: string): Promise<RunDocument> {
    return await this.#when(id, ({ finishedAt }) => finishedAt !== null, 'to end');
  }

  /** Ids of the containers that carry this instance's label. */
  async containers(): Promise<readonly string[]> {
    return await containersOf(this.dataFolder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gantry?.end();
    await sweepInstance(this.dataFolder);
    for (const release of this.#releases) await release();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #when(id: string, isIt: (run: RunDocument) => boolean, what: string): Promise<RunDocument> {
    const ask = async (): Promise<RunDocument | null> => {
      const run = await this.run(id).catch(() => null);
      return run !== null && isIt(run) ? run : null;
    };
    try {
      return await waitFor(ask, `run ${id} ${what}`, PATIENCE_MS);
    } catch (error) {
      const last = await this.run(id).then(JSON.stringify, String);
      throw new Error(`${last}\n${this.gantry.errors()}\n${this.#logTail()}`, { cause: error });
    }
  }

  #logTail(): string {
    return readFileSync(join(this.folder, 'logs', 'gantry.log'), 'utf8')
      .split('\n')
      .slice(-60)
      .join('\n');
  }
}
