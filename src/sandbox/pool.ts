// The sandboxes of one plugin version: started ahead of time, blocked on stdin, each for one invocation (I-7) and never used again.
// A taken one is replaced in the background. Whoever finds none idle waits for the next start, in a line that is fair to pipelines.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { SandboxKind } from '../core/invocation.ts';
import type { PluginVersion } from '../core/plugin.ts';
import { Backoff } from './backoff.ts';
import { Demand } from './demand.ts';
import { dismissSandbox } from './dismiss-sandbox.ts';
import { makeSandbox } from './make-sandbox.ts';
import type { PoolParts } from './pool-parts.ts';
import { isLastingFailure } from './refusal.ts';
import { Sandbox } from './sandbox.ts';
import type { Holding } from './tokens.ts';
import { WaitingLine } from './waiting-line.ts';

export interface Taken {
  readonly sandbox: Sandbox;
  readonly kind: SandboxKind;
}

export class Pool {
  readonly version: PluginVersion;
  readonly #parts: PoolParts;
  readonly #idle: Sandbox[] = [];
  readonly #waiting = new WaitingLine<Taken>();
  readonly #demand = new Demand();
  /** failed starts that a repeat would not mend: takers are told at once */
  readonly #starts: Backoff<GantryError>;
  /** failed starts of any kind, and ends while idle: only the filling up pauses */
  readonly #fills: Backoff<true>;
  readonly #deaths: Backoff<true>;
  readonly #halt = new AbortController();
  /** starts and ends of sandboxes */
  readonly #underWay = new Set<Promise<void>>();
  #starting = 0;
  #live = 0;

  constructor(version: PluginVersion, parts: PoolParts) {
    this.version = version;
    this.#parts = parts;
    this.#starts = new Backoff(parts.context.ids);
    this.#fills = new Backoff(parts.context.ids);
    this.#deaths = new Backoff(parts.context.ids);
  }

  /** True when nothing of it is left: it may be forgotten. */
  get isEmpty(): boolean {
    return this.#live === 0 && this.#waiting.size === 0 && this.#underWay.size === 0;
  }

  /** Since when its oldest idle sandbox waits (monotonic); null when none is idle. */
  get idleSinceMs(): number | null {
    return this.#idle[0]?.idleSinceMs ?? null;
  }

  /**
   * A sandbox for one invocation, now `busy`.
   * @param key who asks, for the fair line
   * @throws the signal's reason; GantryError when the sandbox cannot be started, at once while it is left alone after failures
   */
  async take(key: string, signal: AbortSignal): Promise<Taken> {
    signal.throwIfAborted();
    const failure = this.#starts.reasonAt(this.#nowMs());
    if (failure !== null) throw failure;
    this.#demand.note(this.#nowMs());
    const sandbox = this.#nextIdle();
    if (sandbox !== null) {
      this.#deaths.succeed();
      sandbox.move('busy', 'taken');
      this.fill();
      return { sandbox, kind: 'prestarted' };
    }
    return await this.#wait(key, signal);
  }

  /** Ends a taken sandbox in the background. @param onEnded as of dismissSandbox */
  giveBack(sandbox: Sandbox, reason: string, onEnded: () => void = () => undefined): void {
    this.#dismiss(sandbox, reason, onEnded);
  }

  /** Starts what waits for a start, then what should stand by. Never waits; failures end in the backoff. */
  fill(): void {
    if (this.#halt.signal.aborted) return;
    const { pool } = this.version.plugin;
    const nowMs = this.#nowMs();
    const needed = this.#waiting.size - this.#starting;
    const isQuiet = this.#fills.reasonAt(nowMs) === null && this.#deaths.reasonAt(nowMs) === null;
    const isFillable = isQuiet && this.#parts.context.engine.isConnected();
    const wanted = isFillable ? this.#demand.target(nowMs, pool) - this.#idle.length - Math.max(0, -needed) : 0;
    const count = Math.min(Math.max(0, needed) + Math.max(0, wanted), pool.max - this.#live);
    for (let index = 0; index < count; index += 1) this.#track(this.#launch(index < needed));
  }

  /** Counts as a use: one sandbox is prepared although nobody asked yet. */
  warm(): void {
    this.#demand.note(this.#nowMs());
    this.fill();
  }

  /** Ends what has been idle too long and fills up again. */
  sweep(): void {
    const nowMs = this.#nowMs();
    const { pool } = this.version.plugin;
    const keep = this.#demand.target(nowMs, pool);
    while (this.#idle.length > keep && nowMs - (this.#idle[0]?.idleSinceMs ?? nowMs) >= pool.idleMs) this.evict('idle');
    this.fill();
  }

  /** Stops the sandbox that has been idle longest; false when none is. */
  evict(reason: string): boolean {
    const sandbox = this.#idle.shift();
    if (sandbox !== undefined) this.#dismiss(sandbox, reason);
    return sandbox !== undefined;
  }

  /** No more starts; idle ones end, waiting ones are told why. Busy ones go on. */
  retire(reason: string): void {
    this.#halt.abort(new GantryError('DRAINING', `the pool is closed: ${reason}`));
    while (this.evict(reason));
    this.#waiting.refuseAll(this.#halt.signal.reason);
  }

  /** Settles when every sandbox that was on its way in or out is gone: call it on a retired pool. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #nextIdle(): Sandbox | null {
    for (let next = this.#idle.shift(); next !== undefined; next = this.#idle.shift()) {
      if (next.ending === null) return next;
      this.#dismiss(next, 'ended while idle');
    }
    return null;
  }

  async #wait(key: string, signal: AbortSignal): Promise<Taken> {
    const waiting = this.#waiting.wait(key, signal);
    this.fill();
    if (this.#halt.signal.aborted) this.#waiting.refuseAll(this.#halt.signal.reason);
    return await waiting;
  }

  async #launch(isAwaited: boolean): Promise<void> {
    this.#starting += 1;
    this.#live += 1;
    let holding: Holding | null = null;
    try {
      holding = await this.#reserve(isAwaited);
      if (holding !== null)
        await this.#parts.gate.run(
          () => this.#waiting.size > 0,
          () => this.#start(holding),
        );
      this.#starting -= 1;
      if (holding === null) this.#live -= 1;
      // Somebody may have come while this start still counted as one to wait for.
      else this.fill();
    } catch (error) {
      this.#starting -= 1;
      if (holding === null) this.#live -= 1;
      this.#onFailure(error);
    }
  }

  /** Memory for one more. A start that nobody waits for gives up when there is none. */
  async #reserve(isAwaited: boolean): Promise<Holding | null> {
    const { memory, makeRoom } = this.#parts;
    const { memoryBytes } = this.version.plugin.limits;
    const holding = memory.tryTake(memoryBytes);
    if (holding !== null || !isAwaited) return holding;
    makeRoom(memoryBytes);
    return await memory.take(this.version.id, memoryBytes, this.#halt.signal);
  }

  async #start(holding: Holding | null): Promise<void> {
    const { context, slots, all } = this.#parts;
    const sandbox = new Sandbox(context.ids.newId('sbx'), this.version, slots.take(), context.events);
    all.add(sandbox);
    sandbox.holding = holding;
    const startedAtMs = this.#nowMs();
    try {
      this.#halt.signal.throwIfAborted();
      await makeSandbox(context, sandbox, this.#halt.signal);
    } catch (error) {
      this.#dismiss(sandbox, 'not started');
      throw error;
    }
    this.#starts.succeed();
    this.#fills.succeed();
    this.#demand.noteStart(this.#nowMs() - startedAtMs);
    this.#admit(sandbox);
  }

  #admit(sandbox: Sandbox): void {
    if (this.#waiting.size > 0) {
      sandbox.move('busy', 'started for an invocation');
      this.#waiting.serve({ sandbox, kind: 'cold' });
      return;
    }
    if (this.#halt.signal.aborted) {
      this.#dismiss(sandbox, 'not needed any more');
      return;
    }
    this.#idle.push(sandbox);
    void sandbox.ended.then(() => {
      this.#onIdleEnd(sandbox);
    });
  }

  /** An idle sandbox should not end: its plugin is left alone for a while, but an invocation may still try (and see why). */
  #onIdleEnd(sandbox: Sandbox): void {
    const index = this.#idle.indexOf(sandbox);
    if (index < 0) return;
    this.#idle.splice(index, 1);
    if (sandbox.ending?.kind === 'exited') this.#deaths.fail(this.#nowMs(), true);
    this.#dismiss(sandbox, 'ended while idle');
  }

  #onFailure(error: unknown): void {
    this.#fills.fail(this.#nowMs(), true);
    if (isLastingFailure(error)) this.#starts.fail(this.#nowMs(), error);
    this.#waiting.refuseAll(error);
  }

  #dismiss(sandbox: Sandbox, reason: string, onEnded: () => void = () => undefined): void {
    const { context, slots, all } = this.#parts;
    const dismissed = dismissSandbox(context, sandbox, reason, () => {
      this.#live -= 1;
      sandbox.holding?.release();
      onEnded();
      this.fill();
    });
    this.#track(
      dismissed.finally(() => {
        slots.free(sandbox.slot);
        all.delete(sandbox);
      }),
    );
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  #nowMs(): number {
    return this.#parts.context.clock.monotonicMs();
  }
}
