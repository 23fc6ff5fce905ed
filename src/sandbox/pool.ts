// The sandboxes of one plugin version, started ahead of time. One that is used once is replaced in the background as soon as it is taken; one
// that serves again comes back, is looked over, and waits for the next. Whoever finds none idle waits in a line that is fair to pipelines.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { Cleanliness, SandboxKind } from '../core/invocation.ts';
import type { Outcome } from '../core/outcome.ts';
import type { PluginVersion } from '../core/plugin.ts';
import { dismissSandbox } from './dismiss-sandbox.ts';
import { IdleSandboxes } from './idle-sandboxes.ts';
import type { Worth } from './make-room.ts';
import type { PoolParts } from './pool-parts.ts';
import { PoolSupply } from './pool-supply.ts';
import type { Sandbox } from './sandbox.ts';
import type { HeldSession } from './held-session.ts';
import { UnderWay } from './under-way.ts';
import { WaitingLine } from './waiting-line.ts';

export interface Taken {
  readonly sandbox: Sandbox;
  readonly kind: SandboxKind;
  readonly cleanliness: Cleanliness;
}

export class Pool {
  readonly version: PluginVersion;
  readonly #parts: PoolParts;
  readonly #idle: IdleSandboxes;
  readonly #waiting = new WaitingLine<Taken>();
  readonly #supply: PoolSupply;
  readonly #halt = new AbortController();
  /** starts and ends of sandboxes */
  readonly #underWay = new UnderWay();

  constructor(version: PluginVersion, parts: PoolParts) {
    this.version = version;
    this.#parts = parts;
    this.#idle = new IdleSandboxes(version.plugin.reuse !== 'never');
    this.#supply = new PoolSupply(version, parts, {
      halt: this.#halt.signal,
      waiting: () => this.#waiting.size,
      idle: () => this.#idle.size,
      onStarted: this.#onStarted.bind(this),
      onFailure: this.#waiting.refuseAll.bind(this.#waiting),
      onQuarantine: (error) => {
        this.#waiting.refuseAll(error);
        while (this.evict('the plugin is in quarantine'));
      },
      fill: this.fill.bind(this),
      dismiss: (sandbox, reason) => {
        this.#dismiss(sandbox, reason);
      },
    });
  }

  /** True when nothing of it is left: it may be forgotten. */
  get isEmpty(): boolean {
    return this.#supply.live === 0 && this.#waiting.size === 0 && this.#underWay.size === 0;
  }

  /** Of the sandbox that has been idle longest; null when none is idle. */
  get worth(): Worth | null {
    return this.#idle.sinceMs === null ? null : this.#supply.worthOf(this.#idle.sinceMs);
  }

  /**
   * An idle sandbox for one invocation, now `busy`; null when there is none.
   * @param secretsKey of the invocation's secrets: a sandbox that has seen others is not for it
   */
  tryTake(secretsKey: string): Taken | null {
    const sandbox = this.#nextIdle(secretsKey);
    if (sandbox === null) return null;
    const { session } = sandbox;
    const taken = {
      sandbox,
      kind: session?.kind ?? 'prestarted',
      cleanliness: session?.cleanliness ?? 'fresh',
    } as const;
    if (session !== null) session.secretsKey = secretsKey;
    sandbox.move('busy', 'taken');
    this.#supply.noteTaken();
    if (this.version.plugin.reuse === 'never') this.fill();
    return taken;
  }

  /**
   * As tryTake, or the next one that starts or comes back.
   * @param key who asks, for the fair line
   * @throws the signal's reason; GantryError when the sandbox cannot be started, at once while it is left alone after failures
   */
  async take(key: string, secretsKey: string, signal: AbortSignal): Promise<Taken> {
    signal.throwIfAborted();
    const ready = this.tryTake(secretsKey);
    if (ready !== null) return ready;
    const refusal = this.#supply.admit();
    if (refusal !== null) throw refusal;
    this.#supply.note();
    for (;;) {
      const taken = await this.#wait(key, signal);
      const { session } = taken.sandbox;
      if (session === null) return taken;
      if (session.isFor(secretsKey)) {
        session.secretsKey = secretsKey;
        return taken;
      }
      this.#dismiss(taken.sandbox, 'other secrets');
    }
  }

  /** How the invocation that took it ended: call it before the sandbox goes. */
  judge({ session }: Sandbox, outcome: Outcome): void {
    this.#supply.judge(outcome, session === null || session.served <= 1);
  }

  /** After an invocation that left the sandbox sound: it is looked over and used again, or ends in the background. */
  release(sandbox: Sandbox): void {
    const { session } = sandbox;
    const why = this.#halt.signal.aborted ? 'not needed any more' : (session?.whyOver(this.#nowMs()) ?? null);
    if (session === null || why !== null) this.#dismiss(sandbox, why ?? 'used');
    else if (session.look() === null) this.#readmit(sandbox);
    else this.#underWay.track(this.#lookAgain(sandbox, session));
  }

  /** Ends a taken sandbox in the background. @param onEnded as of dismissSandbox */
  giveBack(sandbox: Sandbox, reason: string, onEnded: () => void = () => undefined): void {
    this.#supply.giveUp();
    this.#dismiss(sandbox, reason, onEnded);
  }

  /** Starts what waits for a start, then what should stand by. Never waits; failures end in the backoff. */
  fill(): void {
    if (this.#halt.signal.aborted) return;
    for (const launch of this.#supply.due()) this.#underWay.track(launch());
  }

  /** Counts as a use: one sandbox is prepared although nobody asked yet. */
  warm(): void {
    this.#supply.note();
    this.fill();
  }

  /** Ends what has been idle too long and fills up again. */
  sweep(): void {
    const nowMs = this.#nowMs();
    const { pool } = this.version.plugin;
    const keep = this.#supply.target;
    for (const { sandbox, reason } of this.#idle.takeUnfit(nowMs)) {
      if (!sandbox.session?.link.isIdle) this.#supply.noteDeath();
      this.#dismiss(sandbox, reason);
    }
    while (this.#idle.size > keep && nowMs - (this.#idle.sinceMs ?? nowMs) >= pool.idleMs) this.evict('idle');
    this.fill();
  }

  /** Stops the sandbox that has been idle longest; false when none is. */
  evict(reason: string): boolean {
    const sandbox = this.#idle.takeOldest();
    if (sandbox !== null) this.#dismiss(sandbox, reason);
    return sandbox !== null;
  }

  /** No more starts; idle ones end, waiting ones are told why. Busy ones go on. */
  retire(reason: string): void {
    this.#halt.abort(new GantryError('DRAINING', `the pool is closed: ${reason}`));
    this.#supply.retire();
    while (this.evict(reason));
    this.#waiting.refuseAll(this.#halt.signal.reason);
  }

  /** Settles when every sandbox that was on its way in or out is gone: call it on a retired pool. */
  async settled(): Promise<void> {
    await this.#underWay.settled();
  }

  #nextIdle(secretsKey: string): Sandbox | null {
    for (let next = this.#idle.take(); next !== null; next = this.#idle.take()) {
      const why = next.whyNotFor(secretsKey, this.#nowMs());
      if (why === null) return next;
      this.#dismiss(next, why);
    }
    return null;
  }

  async #wait(key: string, signal: AbortSignal): Promise<Taken> {
    const waiting = this.#waiting.wait(key, signal);
    this.fill();
    if (this.#halt.signal.aborted) this.#waiting.refuseAll(this.#halt.signal.reason);
    return await this.#supply.owed(waiting);
  }

  #onStarted(sandbox: Sandbox): void {
    void sandbox.ended.then(() => {
      this.#onIdleEnd(sandbox);
    });
    this.#admit(sandbox, { kind: 'cold', cleanliness: sandbox.session?.cleanliness ?? 'fresh' });
  }

  async #lookAgain(sandbox: Sandbox, session: HeldSession): Promise<void> {
    const left = await session.lookAgain(this.#halt.signal);
    const why = left ?? session.whyOver(this.#nowMs());
    if (why === null) this.#readmit(sandbox);
    else this.#dismiss(sandbox, why);
  }

  #readmit(sandbox: Sandbox): void {
    const { kind, cleanliness } = sandbox.session ?? { kind: 'prestarted', cleanliness: 'fresh' };
    sandbox.move('idle', cleanliness === 'reused-unverified' ? 'not verified' : 'verified clean');
    this.#admit(sandbox, { kind, cleanliness });
  }

  #admit(sandbox: Sandbox, how: Omit<Taken, 'sandbox'>): void {
    if (this.#waiting.size > 0) {
      sandbox.move('busy', 'somebody waited');
      this.#waiting.serve({ sandbox, ...how });
    } else if (this.#halt.signal.aborted) this.#dismiss(sandbox, 'not needed any more');
    else {
      sandbox.idleSinceMs = this.#nowMs();
      this.#idle.add(sandbox);
      if (this.#parts.memory.waiting > 0) this.#parts.makeRoom();
    }
  }

  /** An idle sandbox should not end: its plugin is left alone for a while, but an invocation may still try (and see why). */
  #onIdleEnd(sandbox: Sandbox): void {
    if (!this.#idle.remove(sandbox)) return;
    if (sandbox.ending?.kind === 'exited') this.#supply.noteDeath();
    this.#dismiss(sandbox, 'ended while idle');
  }

  #dismiss(sandbox: Sandbox, reason: string, onEnded: () => void = () => undefined): void {
    const { context, slots, all } = this.#parts;
    const dismissed = dismissSandbox(context, sandbox, reason, () => {
      this.#supply.noteGone();
      sandbox.holding?.release();
      sandbox.holding = null;
      onEnded();
      this.fill();
    });
    this.#underWay.track(
      dismissed.finally(() => {
        slots.free(sandbox.slot);
        all.delete(sandbox);
      }),
    );
  }

  #nowMs(): number {
    return this.#parts.context.clock.monotonicMs();
  }
}
