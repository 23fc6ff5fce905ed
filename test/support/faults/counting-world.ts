// Programs that are broken on purpose, under load, with everything seen that a history is judged by. Each program ("seat") has a data folder of
// its own that outlives it; on one database several may work side by side.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDockerHost } from '../engine/test-engine.ts';
import { postJson, waitFor } from '../gantry/api.ts';
import { startGantry, type Gantry } from '../gantry/start-gantry.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { COUNTER_PIPELINES, IDEMPOTENT, TICKING, makeCounterFolders } from './counter/counter-plugins.ts';
import { EngineTap } from './engine-tap.ts';
import { checkHistory } from './history-checker.ts';
import type { History, HistoryFigures, Sight } from './history.ts';
import { containersOf, networksAndVolumesOf, sweepInstance } from './instance-traces.ts';
import { LoadClient } from './load-client.ts';
import { listAllRuns, openStore, readRuns, sightOf } from './read-history.ts';
import { seededRandom, type RandomSource } from './seeded-random.ts';
import { settleRuns } from './settle-runs.ts';
import { LEASE_MS, SLOW_START_MS, systemOf } from './system-of.ts';

/** Far beyond what settling takes, on a machine that is ten times slower. */
const PATIENCE_MS = 300_000;
const LOG_LINES = 40;

export interface WorldOptions {
  readonly seed: number;
  /** mongodb:// address as the programs use it, perhaps through a proxy; the embedded store unless given */
  readonly storeUri?: string;
  /** the same database without a proxy */
  readonly directUri?: string;
  readonly dockerHost?: string;
  readonly system?: string;
  readonly lanes?: number;
  /** the engine behind dockerHost itself, not only its connections */
  readonly isEngineKilled?: boolean;
  /** a schedule is due again and again */
  readonly isTicking?: boolean;
}

export class CountingWorld implements AsyncDisposable {
  readonly random: RandomSource;
  readonly load: LoadClient;
  readonly tap: EngineTap;
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-fault-'));
  leaseMs = LEASE_MS;
  readonly #options: WorldOptions;
  readonly #seats = new Map<string, Gantry | null>();
  readonly #hidden = new Set<string>();
  readonly #sights: Sight[] = [];
  readonly #orphans = new Set<string>();
  #looks = 0;

  private constructor(options: WorldOptions, tap: EngineTap) {
    this.#options = options;
    this.tap = tap;
    this.random = seededRandom(options.seed);
    makeCounterFolders(join(this.folder, 'plugins'));
    this.load = new LoadClient({ random: this.random, lanes: options.lanes ?? 4, url: () => this.#anyUrl() });
  }

  static async open(options: WorldOptions): Promise<CountingWorld> {
    return new CountingWorld(options, await EngineTap.open(options.dockerHost ?? testDockerHost()));
  }

  dataFolder(seat = 'a'): string {
    return join(this.folder, seat, 'data');
  }

  /** Starts the seat's program over its data folder and waits until it listens. */
  async start(
    seat = 'a',
    environment: Readonly<Record<string, string>> = {},
    onSpawned?: (pid: number) => void,
  ): Promise<Gantry> {
    const folder = join(this.folder, seat);
    mkdirSync(folder, { recursive: true });
    this.#seats.set(seat, null);
    const { storeUri, system } = this.#options;
    const gantry = await startGantry({
      folder,
      plugins: join(this.folder, 'plugins'),
      pipelines: this.#options.isTicking === true ? COUNTER_PIPELINES + TICKING.declared : COUNTER_PIPELINES,
      system: system ?? systemOf(this.leaseMs),
      environment: {
        DOCKER_HOST: this.tap.dockerHost,
        ...(storeUri === undefined ? {} : { GANTRY_STORE_URI: storeUri }),
        ...environment,
      },
      ...(onSpawned === undefined ? {} : { onSpawned }),
    });
    this.#seats.set(seat, gantry);
    return gantry;
  }

  /**
   * Starts the first of several programs. Where nothing is answered within a third of the lease no run gets on, so the lease becomes as long
   * as a start takes on a machine that is slow.
   */
  async startFirst(seat: string): Promise<Gantry> {
    const startedMs = performance.now();
    const gantry = await this.start(seat);
    const tookMs = performance.now() - startedMs;
    if (tookMs < SLOW_START_MS) return gantry;
    this.leaseMs = Math.ceil(tookMs);
    await gantry.end();
    return await this.start(seat);
  }

  /** Notes that the seat's program is dead or dying, and what it left on the engine and in the store. */
  async mourn(seat = 'a'): Promise<void> {
    const gantry = this.#seats.get(seat) ?? null;
    this.#seats.set(seat, null);
    await gantry?.end('SIGKILL');
    const diedAtMs = Date.now();
    for (const id of await this.#containers(seat)) this.#orphans.add(id);
    await this.look(diedAtMs);
  }

  /** The client does not ask this seat any more, until it is shown again. */
  hide(seat: string): void {
    this.#hidden.add(seat);
  }

  show(seat: string): void {
    this.#hidden.delete(seat);
  }

  /** Looks at the store past the programs. */
  async inStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
    await using store = await openStore(this.#place);
    return await work(store);
  }

  /** Notes how the runs stand in the store now. */
  async look(atMs = Date.now()): Promise<void> {
    await using store = await openStore(this.#place);
    this.#looks += 1;
    for (const run of await listAllRuns(store)) this.#sights.push(sightOf({ look: this.#looks, atMs }, run));
  }

  /** Waits for the condition; what the programs logged last, and the seed, go with the failure. */
  async until(what: string, ask: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await waitFor(ask, what, PATIENCE_MS);
    } catch (error) {
      throw new Error(`${what}\n${this.logTail()}`, { cause: error });
    }
  }

  /** Waits until a plugin acts for any run, or for this one. */
  async untilActed(what: string, runId: string | null = null): Promise<void> {
    const before = this.tap.marks.length;
    await this.until(what, () =>
      runId === null ? this.tap.marks.length > before : this.tap.marks.some((mark) => mark.runId === runId),
    );
  }

  /** Stops the load and waits until every run of the store has ended. Something must be running for that. */
  async settle(): Promise<void> {
    await this.load.stop();
    if (this.#options.isTicking === true) await this.until('the schedule to be paused', () => this.#pauseSchedule());
    await using store = await openStore(this.#place);
    await settleRuns(store, this.load.decider, (what, ask) => this.until(what, ask));
  }

  /** Waits until nothing stands that a dead program left, ends the living, and finds nothing of theirs. @returns what is left */
  async leftovers(): Promise<readonly string[]> {
    const areGone = async (): Promise<boolean> => {
      const { unheard } = this.tap;
      const lists = await Promise.all([...this.#seats.keys()].map((seat) => this.#containers(seat)));
      return unheard !== null && !lists.flat().some((id) => this.#orphans.has(id) || unheard.has(id));
    };
    await this.until('the containers of dead programs to go', areGone);
    const left: string[] = [];
    for (const [seat, gantry] of this.#seats) {
      await gantry?.end();
      this.#seats.set(seat, null);
      left.push(...(await this.#containers(seat)));
      left.push(...(await networksAndVolumesOf(this.dataFolder(seat), this.#options.dockerHost)));
    }
    return left;
  }

  /** Judges everything that happened so far. @throws Error that tells every violation and the seed */
  async judge(): Promise<HistoryFigures> {
    await using store = await openStore(this.#place);
    const history: History = {
      answers: this.load.answers,
      sights: this.#sights,
      runs: await readRuns(store),
      marks: this.tap.marks,
      decisions: this.load.decider.decisions,
      idempotent: IDEMPOTENT,
      areChainsAtomic: this.#options.storeUri === undefined,
      areMarksComplete: this.#options.isEngineKilled !== true,
    };
    const { violations, figures } = checkHistory(history);
    if (violations.length === 0) return figures;
    const told = violations.slice(0, 20).join('\n');
    const ids = told.match(/\b(?:run|inv)_\w+/g) ?? [];
    throw new Error(
      `${String(violations.length)} violations\n${told}\n${JSON.stringify(figures)}\n${this.logTail(ids)}`,
    );
  }

  /** The last lines of every program's log, or of those lines that name one of the ids. */
  logTail(ids: readonly string[] = []): string {
    return [...this.#seats.keys()]
      .map((seat) => {
        const log = this.logOf(seat).trimEnd().split('\n');
        const lines = ids.length === 0 ? log : log.filter((line) => ids.some((id) => line.includes(id)));
        return `-- ${seat}, seed ${String(this.#options.seed)}\n${lines.slice(-LOG_LINES).join('\n')}`;
      })
      .join('\n');
  }

  logOf(seat: string): string {
    const file = join(this.folder, seat, 'logs', 'gantry.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gantry of this.#seats.values()) await gantry?.end('SIGKILL');
    // Lanes that still ask find nobody and are not waited for: the test has failed already.
    for (const seat of this.#seats.keys()) await sweepInstance(this.dataFolder(seat), this.#options.dockerHost);
    await this.tap[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #pauseSchedule(): Promise<boolean> {
    const { pipeline, schedule } = TICKING;
    const answer = await postJson(`${this.#anyUrl() ?? ''}/api/v1/schedules/${pipeline}/${schedule}/pause`, {});
    return answer.status < 300;
  }

  async #containers(seat: string): Promise<readonly string[]> {
    return await containersOf(this.dataFolder(seat), this.#options.dockerHost);
  }

  get #place(): string {
    return this.#options.directUri ?? this.#options.storeUri ?? join(this.dataFolder(), 'gantry.db');
  }

  #anyUrl(): string | null {
    const urls = [...this.#seats].flatMap(([seat, gantry]) =>
      gantry === null || this.#hidden.has(seat) ? [] : [gantry.url],
    );
    return urls.length === 0 ? null : this.random.pick(urls);
  }
}
