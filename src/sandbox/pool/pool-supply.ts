// How a pool comes by its sandboxes: how many to start, when to leave a failing plugin alone, and the start itself. Sandboxes that serve again
// count while they are busy too; of those that serve once only the idle ones stand by for the next.
import type { GantryError } from '../../core/errors/gantry-error.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import { Backoff } from './backoff.ts';
import { Demand } from './demand.ts';
import { randomPart } from '../jitter.ts';
import { launchSandbox } from './launch-sandbox.ts';
import type { Worth } from './make-room.ts';
import type { PoolParts } from './pool-parts.ts';
import { Quarantine, type QuarantineMove } from './quarantine.ts';
import { isLastingFailure, startFailure } from './refusal.ts';
import type { Sandbox } from '../container/sandbox.ts';
import type { Holding } from './tokens.ts';

const REST_STEP_MS = 10;
/** How long a start that nobody waits for is put off while the host is pressed: it makes things worse, but must not stay out for good. */
const PUT_OFF_MS = 5_000;
const PUT_OFF_STEP_MS = 100;

/** The pool that is supplied. */
export interface SupplyPool {
  readonly halt: AbortSignal;
  /** invocations that wait, and for which no place is being made ready */
  waiting(): number;
  idle(): number;
  /** one more is wanted, which has not served yet */
  needsFresh(): boolean;
  onStarted(sandbox: Sandbox): void;
  fill(): void;
  /** called with what kept a start from coming about */
  onFailure(error: unknown): void;
  /** the version is in quarantine from now on: those who wait are told, and what stands idle goes */
  onQuarantine(error: GantryError): void;
  dismiss(sandbox: Sandbox, reason: string): void;
}

export class PoolSupply {
  readonly #version: PluginVersion;
  readonly #parts: PoolParts;
  readonly #pool: SupplyPool;
  readonly #demand = new Demand();
  /** up to a tenth less than declared: pools that came to rest together do not all wake the engine at once */
  readonly idleMs: number;
  /** failed starts that a repeat would not mend, and crashes: takers are told at once */
  readonly #quarantine: Quarantine;
  /** failed starts of any kind, and ends while idle: only the filling up pauses */
  readonly #fills: Backoff<true>;
  readonly #deaths: Backoff<true>;
  /** invocations that one sandbox takes at once: as declared, until one has started and said it */
  #places: number;
  #starting = 0;
  #live = 0;

  constructor(version: PluginVersion, parts: PoolParts, pool: SupplyPool) {
    this.#version = version;
    this.#parts = parts;
    this.#pool = pool;
    this.#places = version.plugin.concurrency;
    const { ids, settings } = parts.context;
    this.idleMs = version.plugin.pool.idleMs * (1 - 0.1 * randomPart(ids));
    const limits = { failures: settings.quarantineFailures, windowMs: settings.quarantineWindowMs };
    this.#quarantine = new Quarantine(limits, ids, (move) => {
      this.#onMove(move);
    });
    this.#fills = new Backoff(parts.context.ids);
    this.#deaths = new Backoff(parts.context.ids);
  }

  /** Sandboxes whose containers are not known to be dead, starting ones included. */
  get live(): number {
    return this.#live;
  }

  /** Idle sandboxes wanted now. */
  get target(): number {
    return this.#demand.target(this.#nowMs(), this.#version.plugin.pool);
  }

  /** What a sandbox is worth that has been idle for so long. */
  worthOf(idleMs: number): Worth {
    const { min } = this.#version.plugin.pool;
    const standing = this.#isReused ? this.#live : this.#pool.idle();
    const tier = standing > this.target ? 'surplus' : standing > min ? 'demand' : 'minimum';
    return { tier, value: this.#demand.worth(this.#nowMs(), idleMs) };
  }

  /** Why nobody should wait for a start now. Null: one may, and owes `judge` or `giveUp`. */
  admit(): GantryError | null {
    return this.#quarantine.admit(this.#nowMs());
  }

  /** How an invocation ended. @param isFirst whether its sandbox had served nobody before */
  judge(outcome: Outcome, isFirst: boolean): void {
    if (outcome.code === 'ok' && this.#quarantine.isSpotless) return;
    this.#quarantine.judge(this.#nowMs(), outcome, isFirst);
  }

  /** An invocation that was let in has a sandbox no more, or never had one. */
  readonly giveUp = (): void => {
    this.#quarantine.giveUp();
  };

  /** No more starts. */
  retire(): void {
    this.#quarantine.lift();
  }

  /** An invocation needs a sandbox of its own. */
  note(): void {
    this.#demand.note(this.#nowMs());
  }

  /** An invocation has an idle one. */
  noteTaken(): void {
    this.#deaths.succeed();
    if (this.#isReused) this.#demand.touch(this.#nowMs());
    else this.note();
  }

  /** One that stood idle ended by itself. */
  noteDeath(): void {
    this.#deaths.fail(this.#nowMs(), true);
  }

  /** The container is dead, or given up. */
  noteGone(): void {
    this.#live -= 1;
  }

  /** Starts to make now, those that somebody waits for first; each call of one of them makes it. */
  due(): readonly (() => Promise<void>)[] {
    const { pool } = this.#version.plugin;
    if (this.#live >= pool.max) return [];
    const nowMs = this.#nowMs();
    const needed = Math.ceil(this.#pool.waiting() / this.#places) - this.#starting;
    const isQuiet = this.#fills.reasonAt(nowMs) === null && this.#deaths.reasonAt(nowMs) === null;
    const isFillable = isQuiet && this.#quarantine.state === 'closed' && this.#mayStartAhead;
    const standby = this.#isReused ? this.#live + Math.max(0, needed) : this.#pool.idle() + Math.max(0, -needed);
    const fresh = Number(this.#starting === 0 && this.#pool.needsFresh());
    const wanted = isFillable ? Math.max(fresh, this.target - standby) : 0;
    const count = Math.min(Math.max(0, needed) + Math.max(0, wanted), pool.max - this.#live);
    return Array.from({ length: Math.max(0, count) }, (_, index) => () => this.#launch(index < needed));
  }

  get #mayStartAhead(): boolean {
    return this.#parts.brake.state !== 'stopped' && this.#parts.context.engine.isConnected();
  }

  get #isReused(): boolean {
    return this.#version.plugin.reuse !== 'never';
  }

  async #launch(isAwaited: boolean): Promise<void> {
    this.#starting += 1;
    this.#live += 1;
    let holding: Holding | null = null;
    try {
      if (!isAwaited) await this.#rest();
      holding = await this.#reserve(isAwaited);
      if (holding !== null) await this.#start(holding);
      else this.#live -= 1;
      this.#starting -= 1;
      // Somebody may have come while this start still counted as one to wait for.
      if (holding !== null) this.#pool.fill();
    } catch (error) {
      this.#starting -= 1;
      if (holding === null) this.#live -= 1;
      this.#fills.fail(this.#nowMs(), true);
      this.#pool.onFailure(error);
      const outcome = isLastingFailure(error) ? startFailure(error) : null;
      if (outcome !== null) this.#quarantine.failStart(this.#nowMs(), outcome);
    }
  }

  /** A start keeps a core busy: one that nobody waits for lets the invocation that made it necessary go first. Whoever comes ends the rest. */
  async #rest(): Promise<void> {
    const { brake, context } = this.#parts;
    await this.#pause(context.settings.restMs, REST_STEP_MS, () => true);
    await this.#pause(PUT_OFF_MS, PUT_OFF_STEP_MS, () => brake.state === 'slowed');
  }

  async #pause(durationMs: number, stepMs: number, isNeeded: () => boolean): Promise<void> {
    const { halt } = this.#pool;
    const mayGoOn = (): boolean => this.#pool.waiting() === 0 && !halt.aborted && isNeeded();
    for (let leftMs = durationMs; leftMs > 0 && mayGoOn(); leftMs -= stepMs)
      await this.#parts.context.clock.sleep(stepMs, halt).catch(() => undefined);
  }

  /** Memory for one more. A start that nobody waits for gives up when there is none. */
  async #reserve(isAwaited: boolean): Promise<Holding | null> {
    const { memory, makeRoom } = this.#parts;
    const { memoryBytes } = this.#version.plugin.limits;
    if (!isAwaited && !this.#mayStartAhead) return null;
    const holding = memory.tryTake(memoryBytes);
    if (holding !== null || !isAwaited) return holding;
    const waiting = memory.take(this.#version.id, memoryBytes, this.#pool.halt);
    makeRoom();
    return await waiting;
  }

  async #start(holding: Holding): Promise<void> {
    const startedAtMs = this.#nowMs();
    const sandbox = await launchSandbox(this.#parts, {
      version: this.#version,
      holding,
      halt: this.#pool.halt,
      isUrgent: () => this.#pool.waiting() > 0,
      dismiss: (failed) => {
        this.#pool.dismiss(failed, 'not started');
      },
    });
    this.#places = sandbox.places;
    this.#quarantine.noteStart();
    this.#fills.succeed();
    this.#demand.noteStart(this.#nowMs() - startedAtMs);
    this.#pool.onStarted(sandbox);
  }

  #onMove({ from, to, cause, untilMs }: QuarantineMove): void {
    const { events, clock } = this.#parts.context;
    const nowMs = this.#nowMs();
    events.emit({
      ...{ kind: 'quarantineMoved', plugin: this.#version.plugin.name, version: this.#version.id, from, to, cause },
      untilMs: to === 'open' ? Math.round(clock.nowMs() + Math.max(0, untilMs - nowMs)) : null,
    });
    if (to === 'open') this.#pool.onQuarantine(this.#quarantine.refusal(nowMs));
  }

  #nowMs(): number {
    return this.#parts.context.clock.monotonicMs();
  }
}
