// The invoker over real sandboxes: waits for one, tells that it started, talks to the plugin, judges, and lets the sandbox go. Every way out
// is an outcome. Surprises: a standby sandbox may have died unseen, so before its input is written it is replaced once; and one that finds the
// engine away waits for it, where the settings say so, because no input has left by then.
import { CoarseDeadlines } from '../core/coarse-deadlines.ts';
import type { Outcome } from '../core/outcome.ts';
import type { InvocationEnd, InvocationRequest, Invoker } from '../core/ports/invoker.ts';
import { notRun } from './session/describe-end.ts';
import { EngineAbsence, isEngineAway } from './engine-absence.ts';
import { Halt, InvocationStop } from './invocation-stop.ts';
import { Patience } from './pool/patience.ts';
import type { Pool } from './pool/pool.ts';
import type { Pools } from './pool/pools.ts';
import { oneLine } from '../protocol/reply.ts';
import { busy, startFailure, stoppedWhileWaiting } from './pool/refusal.ts';
import type { SandboxContext } from './sandbox-context.ts';
import type { Sandbox } from './container/sandbox.ts';
import type { Taken } from './pool/taken.ts';
import { useSandbox, type Asked } from './use-sandbox.ts';
import { WaitingRoom } from './pool/waiting-room.ts';

interface Ready extends Taken {
  readonly pool: Pool;
}

/** One invocation on its way to a sandbox. */
interface Asking {
  readonly request: InvocationRequest;
  readonly stop: InvocationStop;
  readonly askedAtMs: number;
  /** its start was told: that is done once, whatever sandbox it gets in the end */
  isTold: boolean;
}

const ENGINE_AWAY = 'the Docker Engine is not reachable';

const REPLACEMENTS = 1;

export class SandboxInvoker implements Invoker {
  readonly #context: SandboxContext;
  readonly #pools: Pools;
  readonly #room: WaitingRoom;
  #running = 0;
  #isDraining = false;
  readonly #quiet = new Set<() => void>();
  /** joined to the stop signal of every invocation */
  readonly #halt = new Halt();
  readonly #deadlines: CoarseDeadlines;

  constructor(context: SandboxContext, pools: Pools) {
    this.#context = context;
    this.#pools = pools;
    this.#deadlines = new CoarseDeadlines(context.clock);
    const { maxWaiting, maxWaitingPerPipeline } = context.settings;
    this.#room = new WaitingRoom({ total: maxWaiting, perPipeline: maxWaitingPerPipeline });
  }

  async invoke(request: InvocationRequest): Promise<InvocationEnd> {
    const stop = new InvocationStop(request.stop, this.#halt);
    const askedAtMs = this.#nowMs();
    const refused = this.#refuseAtOnce(request, stop);
    if (refused !== null) return notRun(refused, 0);
    this.#running += 1;
    try {
      const ready = await this.#ready(request, stop, askedAtMs);
      const waitedMs = this.#nowMs() - askedAtMs;
      if ('code' in ready) return notRun(ready, waitedMs);
      return await this.#use(ready, { request, stop, waitedMs });
    } finally {
      // Not by `using`: what the runtime keeps of it costs microseconds of every invocation.
      stop[Symbol.dispose]();
      this.#running -= 1;
      if (this.#running === 0) for (const wake of this.#quiet) wake();
    }
  }

  /** Stops every invocation that is still running, as `draining`. Settles when all have ended. */
  async halt(): Promise<void> {
    this.#halt.come('draining');
    await this.drain(new AbortController().signal);
    this.#deadlines[Symbol.dispose]();
  }

  /** Refuses new invocations. Settles when none is running any more, or rejects with the signal's reason. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#isDraining = true;
    if (this.#running === 0) return;
    const quiet = Promise.withResolvers<undefined>();
    const wake = (): void => {
      quiet.resolve(undefined);
    };
    const onAbort = (): void => {
      quiet.reject(signal.reason);
    };
    this.#quiet.add(wake);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await quiet.promise;
    } finally {
      this.#quiet.delete(wake);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #refuseAtOnce(request: InvocationRequest, stop: InvocationStop): Outcome | null {
    const { engine, settings } = this.#context;
    if (stop.reason !== null) return stoppedWhileWaiting(stop.reason, request, 0);
    if (this.#isDraining) return busy('the worker is shutting down', 1_000);
    if (!settings.waitsForEngine && !engine.isConnected()) return { code: 'engine', message: ENGINE_AWAY };
    return null;
  }

  async #ready(request: InvocationRequest, stop: InvocationStop, askedAtMs: number): Promise<Ready | Outcome> {
    const asking: Asking = { request, stop, askedAtMs, isTold: false };
    let absence: EngineAbsence | null = null;
    for (;;) {
      const isAway = this.#context.settings.waitsForEngine && !this.#context.engine.isConnected();
      const ready = isAway ? ENGINE_AWAY : await this.#attempt(asking);
      if (typeof ready !== 'string') return ready;
      absence ??= new EngineAbsence(this.#context, stop);
      const refused = await this.#outwait(absence, asking, ready);
      if (refused !== null) return refused;
    }
  }

  /** A text when the engine is away and is to be waited for: the cause. */
  async #attempt(asking: Asking): Promise<Ready | Outcome | string> {
    const { request, stop, askedAtMs } = asking;
    const patience = new Patience(this.#context.clock, this.#deadlines, request.waitMs, stop);
    try {
      const ready = this.#tryTake(request) ?? (await this.#take(request, patience));
      if (!asking.isTold) await this.#tellStarted(ready, asking);
      return mayBeUsed(ready) ? ready : await this.#replace(ready, request, patience);
    } catch (error) {
      const waitedMs = this.#nowMs() - askedAtMs;
      if (stop.reason !== null) return stoppedWhileWaiting(stop.reason, request, waitedMs);
      if (patience.isOver) return busy(`no sandbox came free within ${request.waitMs} ms`, this.#room.retryAfterMs);
      if (this.#context.settings.waitsForEngine && isEngineAway(error)) return oneLine(error.message);
      const outcome = startFailure(error);
      if (outcome === null) throw error;
      return outcome;
    } finally {
      patience[Symbol.dispose]();
    }
  }

  /** Null when the engine is back. It keeps a place in the line meanwhile, so that no more wait for an engine than may wait for a sandbox. */
  async #outwait(absence: EngineAbsence, { request, stop, askedAtMs }: Asking, cause: string): Promise<Outcome | null> {
    try {
      using _place = this.#room.enter(request.pipeline);
      await absence.end();
      return null;
    } catch (error) {
      const outcome = stop.reason === null ? startFailure(error) : null;
      if (outcome !== null) return outcome;
      if (stop.reason === null) throw error;
      return stoppedWhileWaiting(stop.reason, request, this.#nowMs() - askedAtMs, cause);
    }
  }

  /** With a sandbox that stands idle and CPU that is free, or else a place in one at work: without any wait. */
  #tryTake(request: InvocationRequest): Ready | null {
    const pool = this.#pools.of(request.version);
    const secretsKey = request.secretsKey ?? '';
    const cpu = this.#pools.cpu.tryTake(request.version.plugin.limits.cpus);
    const taken = cpu === null ? null : pool.tryTake(secretsKey);
    if (cpu !== null && taken !== null) {
      pool.open(taken.sandbox, cpu);
      return this.#tellTaken({ ...taken, pool });
    }
    cpu?.release();
    const joined = pool.tryJoin(secretsKey);
    return joined === null ? null : this.#tellTaken({ ...joined, pool });
  }

  async #take(request: InvocationRequest, patience: Patience): Promise<Ready> {
    using _place = this.#room.enter(request.pipeline);
    const pool = this.#pools.of(request.version);
    const taken = await pool.take(request.pipeline, request.secretsKey ?? '', patience);
    if (taken.isJoined) return this.#tellTaken({ ...taken, pool });
    try {
      const { cpu } = this.#pools;
      const { cpus } = request.version.plugin.limits;
      pool.open(taken.sandbox, cpu.tryTake(cpus) ?? (await cpu.take(request.pipeline, cpus, patience)));
      return this.#tellTaken({ ...taken, pool });
    } catch (error) {
      pool.giveBack(taken.sandbox, 'no CPU in time');
      throw error;
    }
  }

  #tellTaken(ready: Ready): Ready {
    const plugin = ready.sandbox.version.plugin.name;
    this.#context.events.emit({ kind: 'sandboxTaken', plugin, sandboxKind: ready.kind });
    return ready;
  }

  /** A start that cannot be told (the store is gone) is no start. */
  async #tellStarted(ready: Ready, asking: Asking): Promise<void> {
    try {
      await asking.request.onStarted(ready.sandbox.id);
      asking.isTold = true;
    } catch (error) {
      this.#letGo(ready, 'the start could not be recorded');
      throw error;
    }
  }

  async #replace(dead: Ready, request: InvocationRequest, patience: Patience): Promise<Ready> {
    let current = dead;
    for (let count = 0; count < REPLACEMENTS && !mayBeUsed(current); count += 1) {
      this.#letGo(current, 'ended before its input');
      current = await this.#take(request, patience);
    }
    return current;
  }

  async #use(ready: Ready, asked: Asked): Promise<InvocationEnd> {
    let isSound = false;
    try {
      const used = await useSandbox(this.#context, ready, asked);
      isSound = used.isSound;
      ready.pool.judge(ready.sandbox, used.end.outcome);
      return used.end;
    } finally {
      if (isSound) ready.pool.release(ready.sandbox);
      else this.#letGo(ready, 'used');
    }
  }

  #letGo({ pool, sandbox }: Ready, reason: string): void {
    pool.giveBack(sandbox, reason);
  }

  #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }
}

/** One that was started for it and ended is used all the same: the invocation then tells why. */
function mayBeUsed({ kind, sandbox }: Ready): boolean {
  return isAlive(sandbox) || (kind === 'cold' && sandbox.ending?.kind !== 'lost');
}

/** A session can break without the process ending. */
function isAlive({ ending, session }: Sandbox): boolean {
  return ending === null && session?.link.isOpen !== false;
}
