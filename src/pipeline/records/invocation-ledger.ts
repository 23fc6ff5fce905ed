// The stored record of one invocation on its way pending → running → ended. Its start is durable before the input is delivered (I-5); its end
// is written together with what follows from it. The pending record goes with the next write; by itself only when a sandbox is waited for.
import type { Invocation } from '../../core/invocation.ts';
import { stateOfOutcome } from '../../core/invocation.ts';
import { failpoint } from '../../core/failpoints.ts';
import type { InvocationEnd } from '../../core/ports/invoker.ts';
import type { InvocationChanges, StoreOptions } from '../../core/ports/store.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { SandboxId } from '../../core/ids.ts';
import { tryOnce } from './persist.ts';
import { LeaseLost } from './run-lease.ts';
import type { RunScope } from '../run-scope.ts';

/** One that stands idle is had sooner, and mostly also one that another invocation is about to leave: then no write is made for the wait. */
const PATIENCE_MS = 100;

/** The write that failed for us may still be on its way. */
const WITHDRAWALS = 5;
const WITHDRAWAL_PAUSE_MS = 200;

export class InvocationLedger {
  readonly #scope: RunScope;
  #invocation: Invocation;
  #patience: Disposable | null = null;
  #resultJson: string | null = null;
  #isInserted = false;
  #isClosed = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(scope: RunScope, invocation: Invocation) {
    this.#scope = scope;
    this.#invocation = invocation;
  }

  get invocation(): Invocation {
    return this.#invocation;
  }

  /** The text of the result, once it has ended with one. */
  get resultJson(): string | null {
    return this.#resultJson;
  }

  /** True once the start is stored: from here on the plugin may have seen its input. */
  get isDelivered(): boolean {
    return this.#invocation.startedAtMs !== null;
  }

  /** A sandbox was asked for: unless it was had at once, the pending record is stored meanwhile. */
  wait(): void {
    if (this.#isInserted || this.#isClosed) return;
    this.#patience = this.#scope.deadlines.after(PATIENCE_MS, () => void this.#insertPending());
  }

  /** Stores the start. Rejects when it cannot be stored: then nothing may be delivered. */
  async start(sandboxId: SandboxId): Promise<void> {
    const { ports, writes } = this.#scope;
    try {
      this.throwIfFailed();
      if (this.#isClosed) throw new Error('the invocation was given up before its start');
      const changes = { state: 'running', sandboxId, startedAtMs: ports.clock.nowMs() } as const;
      const started = { ...this.#invocation, ...changes };
      this.#write(changes);
      writes.tell({ kind: 'invocationStarted', invocation: started });
      await this.#commitInTime();
      this.#invocation = started;
      failpoint('start-stored');
    } catch (error) {
      this.#failure ??= { error };
      void this.#withdraw();
      throw error;
    }
  }

  /**
   * A program that was frozen meanwhile hears of its write before it hears that its lease is over: only what was acknowledged while nobody
   * else could have taken the run may be delivered. @throws LeaseLost, GantryError of the store
   */
  async #commitInTime(): Promise<void> {
    const { ports, settings, lease, writes } = this.#scope;
    const sentAtMs = ports.clock.monotonicMs();
    await writes.commit();
    if (settings.isOnlyWorker || ports.clock.monotonicMs() - sentAtMs <= settings.deadAfterMs / 3) return;
    lease.lose('the start of an invocation was acknowledged too late');
    throw new LeaseLost('the start of an invocation was acknowledged too late');
  }

  /** A start that failed may be stored all the same, even after another worker has ended the run: its record must not stay open. */
  async #withdraw(): Promise<void> {
    const { ports, settings } = this.#scope;
    if (settings.isOnlyWorker) return;
    const { clock, store } = ports;
    const { id } = this.#invocation;
    const guard = { states: ['pending', 'running'] } as const;
    const outcome: Outcome = { code: 'cancelled', message: 'the worker lost the run before the plugin was called' };
    try {
      for (let tries = 0; tries < WITHDRAWALS; tries += 1) {
        const changes = { ...endOf(outcome, clock.nowMs()), startedAtMs: null };
        const update = async (options: StoreOptions): Promise<boolean> =>
          await store.updateInvocation(id, guard, changes, options);
        if (await tryOnce({ ...ports, ...settings }, 'updateInvocation', update)) return;
        await clock.sleep(WITHDRAWAL_PAUSE_MS);
      }
    } catch {
      // The store is away: whoever settles the run settles its invocations, too.
    }
  }

  /** Throws what kept an earlier step from being stored. */
  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** The result and the end, to be stored with what follows. @param retryAtMs when the plugin is called again; null: not */
  end(end: InvocationEnd, retryAtMs: number | null): void {
    this.#finish({
      ...endOf(end.outcome, this.#scope.ports.clock.nowMs()),
      warnings: end.warnings.map(({ code, message }) => `${code}: ${message}`),
      sandboxId: end.sandboxId ?? this.#invocation.sandboxId,
      sandboxKind: end.sandboxKind,
      cleanliness: end.cleanliness,
      transport: end.transport,
      phases: end.phases,
      usage: end.usage,
      reported: end.reported,
      retryAtMs,
      resultPayload: this.#putResult(end),
    });
  }

  /** An invocation that ended before it could be delivered. */
  refuse(outcome: Outcome): void {
    this.#finish(endOf(outcome, this.#scope.ports.clock.nowMs()));
  }

  #finish(changes: InvocationChanges): void {
    this.#isClosed = true;
    this.#write(changes);
    this.#invocation = { ...this.#invocation, ...changes };
    this.#scope.writes.tell({ kind: 'invocationFinished', invocation: this.#invocation });
  }

  #putResult(end: InvocationEnd): string | null {
    if (end.result === null) return null;
    const name = `result:${this.#invocation.id}`;
    this.#resultJson = JSON.stringify(end.result);
    this.#scope.writes.put(name, this.#resultJson);
    return name;
  }

  async #insertPending(): Promise<void> {
    this.#write({});
    try {
      await this.#scope.writes.commit();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #write(changes: InvocationChanges): void {
    const { writes } = this.#scope;
    this.#patience?.[Symbol.dispose]();
    if (this.#isInserted) writes.updateInvocation(this.#invocation.id, changes);
    else writes.insertInvocation({ ...this.#invocation, ...changes });
    this.#isInserted = true;
  }
}

function endOf(outcome: Outcome, finishedAtMs: number): Pick<Invocation, 'state' | 'outcome' | 'finishedAtMs'> {
  return { state: stateOfOutcome(outcome), outcome, finishedAtMs };
}
