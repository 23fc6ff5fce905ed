// The invoker over real sandboxes: waits for one, tells that it started, talks to the plugin, judges, and lets the sandbox go. Every way out
// is an outcome. Surprise: a standby sandbox may have died unseen, so before its input is written it is replaced once.
import type { Outcome } from '../core/outcome.ts';
import type { InvocationEnd, InvocationRequest, Invoker, StopReason } from '../core/ports/invoker.ts';
import { notRun, phasesOf, usageOf, warningsOf } from './describe-end.ts';
import { Exchange, type Trace } from './exchange.ts';
import { judgeTrace } from './judge-trace.ts';
import { whoRanOutOfMemory } from './out-of-memory.ts';
import type { Pool, Taken } from './pool.ts';
import type { Pools } from './pools.ts';
import { busy, startFailure, stoppedWhileWaiting } from './refusal.ts';
import type { SandboxContext } from './sandbox-context.ts';
import type { Holding } from './tokens.ts';

interface Ready extends Taken {
  readonly pool: Pool;
  readonly cpu: Holding;
}

const REPLACEMENTS = 1;

export class SandboxInvoker implements Invoker {
  readonly #context: SandboxContext;
  readonly #pools: Pools;
  #waiting = 0;
  #running = 0;
  #isDraining = false;
  readonly #quiet = new Set<() => void>();
  /** its reason is a StopReason: it is joined to the stop signal of every invocation */
  readonly #halt = new AbortController();

  constructor(context: SandboxContext, pools: Pools) {
    this.#context = context;
    this.#pools = pools;
  }

  async invoke(asked: InvocationRequest): Promise<InvocationEnd> {
    const request = { ...asked, stop: AbortSignal.any([asked.stop, this.#halt.signal]) };
    const askedAtMs = this.#nowMs();
    const refused = this.#refuseAtOnce(request);
    if (refused !== null) return notRun(refused, 0);
    this.#running += 1;
    try {
      const ready = await this.#ready(request, askedAtMs);
      const waitedMs = this.#nowMs() - askedAtMs;
      if ('code' in ready) return notRun(ready, waitedMs);
      return await this.#use(ready, request, waitedMs);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) for (const wake of this.#quiet) wake();
    }
  }

  /** Stops every invocation that is still running, as `draining`. Settles when all have ended. */
  async halt(): Promise<void> {
    const reason: StopReason = 'draining';
    this.#halt.abort(reason);
    await this.drain(new AbortController().signal);
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

  #refuseAtOnce(request: InvocationRequest): Outcome | null {
    const { engine, settings } = this.#context;
    if (request.stop.aborted) return stoppedWhileWaiting(request.stop.reason as StopReason, request, 0);
    if (this.#isDraining) return busy('the worker is shutting down', 1_000);
    if (!engine.isConnected()) return { code: 'engine', message: 'the Docker Engine is not reachable' };
    if (this.#waiting < settings.maxWaiting) return null;
    return busy(`${this.#waiting} invocations wait for a sandbox already`, this.#retryAfterMs());
  }

  async #ready(request: InvocationRequest, askedAtMs: number): Promise<Ready | Outcome> {
    using patience = this.#context.clock.deadline(request.waitMs);
    const signal = AbortSignal.any([patience.signal, request.stop]);
    this.#waiting += 1;
    try {
      const ready = await this.#take(request, signal);
      await this.#tellStarted(ready, request);
      return await this.#replaceIfDead(ready, request, signal);
    } catch (error) {
      const waitedMs = this.#nowMs() - askedAtMs;
      if (request.stop.aborted) return stoppedWhileWaiting(request.stop.reason as StopReason, request, waitedMs);
      if (patience.signal.aborted)
        return busy(`no sandbox came free within ${request.waitMs} ms`, this.#retryAfterMs());
      const outcome = startFailure(error);
      if (outcome === null) throw error;
      return outcome;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #take(request: InvocationRequest, signal: AbortSignal): Promise<Ready> {
    const pool = this.#pools.of(request.version);
    const taken = await pool.take(request.pipeline, signal);
    try {
      const cpu = await this.#pools.cpu.take(request.pipeline, request.version.plugin.limits.cpus, signal);
      this.#context.events.emit({
        kind: 'sandboxTaken',
        plugin: request.version.plugin.name,
        sandboxKind: taken.kind,
      });
      return { ...taken, pool, cpu };
    } catch (error) {
      pool.giveBack(taken.sandbox, 'no CPU in time');
      throw error;
    }
  }

  /** A start that cannot be told (the store is gone) is no start. */
  async #tellStarted(ready: Ready, request: InvocationRequest): Promise<void> {
    try {
      await request.onStarted(ready.sandbox.id);
    } catch (error) {
      this.#letGo(ready, 'the start could not be recorded');
      throw error;
    }
  }

  async #replaceIfDead(ready: Ready, request: InvocationRequest, signal: AbortSignal): Promise<Ready> {
    let current = ready;
    for (let count = 0; count < REPLACEMENTS; count += 1) {
      if (current.kind === 'cold' || current.sandbox.ending === null) return current;
      this.#letGo(current, 'ended before its input');
      current = await this.#take(request, signal);
    }
    return current;
  }

  async #use(ready: Ready, request: InvocationRequest, waitedMs: number): Promise<InvocationEnd> {
    try {
      const trace = await new Exchange(this.#context, ready.sandbox, request).run();
      const memory = await whoRanOutOfMemory(this.#context, ready.sandbox, trace);
      const verdict = judgeTrace(trace, request, memory === 'plugin');
      this.#report(trace, verdict.outcome, request);
      return {
        ...verdict,
        warnings: warningsOf(trace, memory),
        sandboxId: ready.sandbox.id,
        sandboxKind: ready.kind,
        cleanliness: 'fresh',
        phases: phasesOf(trace, waitedMs),
        usage: usageOf(trace),
      };
    } finally {
      this.#letGo(ready, 'used');
    }
  }

  #report(trace: Trace, outcome: Outcome, request: InvocationRequest): void {
    const { events } = this.#context;
    const plugin = request.version.plugin.name;
    if ('breach' in outcome) events.emit({ kind: 'quotaBreached', plugin, limit: outcome.breach.limit });
    if (trace.usage.pidsRefused > 0) events.emit({ kind: 'quotaBreached', plugin, limit: 'pids' });
    if (trace.logs.isTruncated) events.emit({ kind: 'quotaBreached', plugin, limit: 'logsBytes' });
    const { throttledMs } = trace.usage;
    if (throttledMs > 0) events.emit({ kind: 'cpuThrottled', plugin, throttledMs });
  }

  #letGo(ready: Ready, reason: string): void {
    ready.pool.giveBack(ready.sandbox, reason, () => {
      ready.cpu.release();
    });
  }

  /** A guess: a second for every round of waiting ones. */
  #retryAfterMs(): number {
    return Math.min(30_000, 1_000 * (1 + Math.floor(this.#waiting / 10)));
  }

  #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }
}
