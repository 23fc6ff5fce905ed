// The sandboxes of one plugin version, started ahead of time. One that is used once is replaced in the background as soon as it is taken; one
// that serves again comes back, is looked over, and waits for the next. Whoever finds none takes a place beside others, or waits in a fair line.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import { dismissSandbox } from '../container/dismiss-sandbox.ts';
import { IdleSandboxes } from './idle-sandboxes.ts';
import { Inquiry } from './inquiry.ts';
import type { Worth } from './make-room.ts';
import type { PoolParts } from './pool-parts.ts';
import { PoolSupply } from './pool-supply.ts';
import type { Sandbox } from '../container/sandbox.ts';
import { lookOver } from './look-over.ts';
import type { WaitSignal } from './patience.ts';
import { Places } from './places.ts';
import { idleTaken, type Taken } from './taken.ts';
import type { Holding } from './tokens.ts';
import { UnderWay } from './under-way.ts';
import { WaitingLine } from './waiting-line.ts';

export class Pool {
  readonly version: PluginVersion;
  readonly #parts: PoolParts;
  readonly #idle: IdleSandboxes;
  readonly #waiting = new WaitingLine<Taken>();
  readonly #places = new Places(this.#waiting, () => this.#nowMs());
  readonly #supply: PoolSupply;
  readonly #halt = new AbortController();
  readonly #inquiry: Inquiry;
  /** starts and ends of sandboxes */
  readonly #underWay = new UnderWay();

  constructor(version: PluginVersion, parts: PoolParts) {
    this.version = version;
    this.#parts = parts;
    this.#inquiry = new Inquiry(version, parts.context, this.#halt.signal, (sandbox, asking) => {
      this.#underWay.track(asking.then(this.#goOn.bind(this, sandbox)));
    });
    this.#idle = new IdleSandboxes(version.plugin.reuse !== 'never');
    this.#supply = new PoolSupply(version, parts, {
      halt: this.#halt.signal,
      waiting: () => this.#places.needed,
      idle: () => this.#idle.size + Number(this.#inquiry.isAsking),
      needsFresh: () => this.#waiting.size === 0 && this.#inquiry.needsFresh,
      onStarted: this.#onStarted.bind(this),
      onFailure: this.#waiting.refuseAll.bind(this.#waiting),
      onQuarantine: (error) => {
        this.#waiting.refuseAll(error);
        while (this.evict('the plugin is in quarantine'));
      },
      fill: this.fill.bind(this),
      dismiss: this.#dismiss.bind(this),
    });
  }

  /** True when nothing of it is left: it may be forgotten. */
  get isEmpty(): boolean {
    return this.#supply.live === 0 && this.#waiting.size === 0 && this.#underWay.size === 0;
  }

  /** Of the sandbox that has been idle longest; null when none is idle. */
  get worth(): Worth | null {
    return this.#idle.size === 0 ? null : this.#supply.worthOf(this.#idle.longestMs(this.#nowMs()));
  }

  /**
   * An idle sandbox for one invocation, now `busy`; null when there is none.
   * @param secretsKey of the invocation's secrets: a sandbox that has seen others is not for it
   */
  tryTake(secretsKey: string): Taken | null {
    const sandbox = this.#idle.takeFor(secretsKey, this.#nowMs(), this.#dismiss.bind(this));
    if (sandbox === null) return null;
    const taken = idleTaken(sandbox);
    if (sandbox.session !== null) sandbox.session.secretsKey = secretsKey;
    sandbox.move('busy', 'taken');
    this.#places.begin(sandbox);
    this.#supply.noteTaken();
    if (this.version.plugin.reuse === 'never') this.fill();
    return taken;
  }

  /** A place beside others; null when there is none, or somebody waits already. */
  tryJoin(secretsKey: string): Taken | null {
    const taken = this.version.plugin.concurrency === 1 ? null : this.#places.tryJoin(secretsKey);
    if (taken !== null) this.#supply.noteTaken();
    return taken;
  }

  /** A taken sandbox has its CPU, until nobody is at work in it any more: others may join it. */
  open(sandbox: Sandbox, cpu: Holding): void {
    this.#places.open(sandbox, cpu);
  }

  /**
   * As tryTake, or the next one that starts or comes back.
   * @param key who asks, for the fair line
   * @throws the signal's reason; GantryError when the sandbox cannot be started, at once while it is left alone after failures
   */
  async take(key: string, secretsKey: string, signal: WaitSignal): Promise<Taken> {
    signal.throwIfAborted();
    const ready = this.tryTake(secretsKey);
    if (ready !== null) return ready;
    const refusal = this.#supply.admit();
    if (refusal !== null) throw refusal;
    this.#supply.note();
    for (;;) {
      const taken = await this.#wait(key, secretsKey, signal);
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
  judge({ taken, inFlight }: Sandbox, outcome: Outcome): void {
    this.#supply.judge(outcome, taken <= inFlight);
  }

  /** After an invocation that left the sandbox sound: it is looked over and used again, or ends in the background. */
  release(sandbox: Sandbox): void {
    const { inFlight, over } = this.#places.leave(sandbox, null);
    if (inFlight > 0) return;
    // Its CPU is free already: a plugin that waits uses none.
    this.#places.end(sandbox)?.release();
    const why = over ?? lookOver(sandbox, this.#halt.signal, () => this.#nowMs());
    if (why instanceof Promise) this.#underWay.track(why.then(this.#goOn.bind(this, sandbox)));
    else this.#goOn(sandbox, why);
  }

  /** Ends a taken sandbox in the background, once nobody else is at work in it; nobody joins it any more. */
  giveBack(sandbox: Sandbox, reason: string): void {
    this.#supply.giveUp();
    const { inFlight, over } = this.#places.leave(sandbox, reason);
    if (inFlight === 0) this.#dismiss(sandbox, over);
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
    const keep = this.#supply.target;
    for (const { sandbox, reason } of this.#idle.takeUnfit(nowMs)) {
      if (!sandbox.session?.link.isIdle) this.#supply.noteDeath();
      this.#dismiss(sandbox, reason);
    }
    while (this.#idle.size > keep && this.#idle.longestMs(nowMs) >= this.#supply.idleMs) this.evict('idle');
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

  async #wait(key: string, secretsKey: string, signal: WaitSignal): Promise<Taken> {
    const waiting = this.#waiting.wait(key, secretsKey, signal, this.#supply.giveUp);
    this.fill();
    this.#inquiry.hurry();
    if (this.#halt.signal.aborted) this.#waiting.refuseAll(this.#halt.signal.reason);
    return await waiting;
  }

  #onStarted(sandbox: Sandbox): void {
    void sandbox.ended.then(this.#onIdleEnd.bind(this, sandbox));
    this.#inquiry.meet(sandbox);
    this.#admit({ ...idleTaken(sandbox), kind: 'cold' });
  }

  #goOn(sandbox: Sandbox, why: string | null): void {
    const taken = idleTaken(sandbox);
    if (why === null)
      sandbox.move('idle', taken.cleanliness === 'reused-unverified' ? 'not verified' : 'verified clean');
    if (why === null) this.#admit(taken);
    else this.#dismiss(sandbox, why);
  }

  #admit(taken: Taken): void {
    const { sandbox } = taken;
    if (this.#waiting.size > 0) {
      sandbox.move('busy', 'somebody waited');
      this.#places.begin(sandbox);
      this.#waiting.serve(taken);
    } else if (this.#halt.signal.aborted) this.#dismiss(sandbox, 'not needed any more');
    else if (!this.#inquiry.ask(sandbox)) {
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

  #dismiss(sandbox: Sandbox, reason: string): void {
    const { context, slots, all } = this.#parts;
    const cpu = this.#places.end(sandbox);
    const dismissed = dismissSandbox(context, sandbox, reason, () => {
      this.#supply.noteGone();
      sandbox.holding?.release();
      sandbox.holding = null;
      cpu?.release();
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
