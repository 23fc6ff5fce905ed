// The stored record of one invocation on its way pending → running → ended, each step durable before anything builds on it.
// The insert runs beside the wait for a sandbox; the start waits for it, so the input is delivered only when the start is stored.
import type { Invocation } from '../core/invocation.ts';
import { stateOfOutcome } from '../core/invocation.ts';
import type { InvocationEnd } from '../core/ports/invoker.ts';
import type { InvocationChanges, StoreOptions } from '../core/ports/store.ts';
import type { Outcome } from '../core/outcome.ts';
import type { SandboxId } from '../core/ids.ts';
import type { RunScope } from './run-scope.ts';

export class InvocationLedger {
  readonly #scope: RunScope;
  #invocation: Invocation;
  #inserted: Promise<void> = Promise.resolve();
  #isClosed = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(scope: RunScope, invocation: Invocation) {
    this.#scope = scope;
    this.#invocation = invocation;
  }

  get invocation(): Invocation {
    return this.#invocation;
  }

  /** True once the start is stored: from here on the plugin may have seen its input. */
  get isDelivered(): boolean {
    return this.#invocation.startedAtMs !== null;
  }

  /** Begins to store the pending record; `start` and `end` wait for it. */
  insert(): void {
    this.#inserted = this.#insert(this.#invocation);
    this.#inserted.catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  /** Stores the start. Rejects when it cannot be stored: then nothing may be delivered. */
  async start(sandboxId: SandboxId): Promise<void> {
    try {
      await this.#inserted;
      if (this.#isClosed) throw new Error('the invocation was given up before its start');
      const startedAtMs = this.#scope.ports.clock.nowMs();
      await this.#update({ state: 'running', sandboxId, startedAtMs });
      this.#scope.journal.record({ kind: 'invocationStarted', invocation: this.#invocation });
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  /** Throws what kept an earlier step from being stored. */
  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Stores the result payload, then the end. */
  async end(end: InvocationEnd): Promise<Invocation> {
    this.#isClosed = true;
    await this.#inserted;
    const resultPayload = await this.#storeResult(end);
    await this.#update({
      ...endOf(end.outcome, this.#scope.ports.clock.nowMs()),
      warnings: end.warnings.map(({ code, message }) => `${code}: ${message}`),
      sandboxId: end.sandboxId ?? this.#invocation.sandboxId,
      sandboxKind: end.sandboxKind,
      cleanliness: end.cleanliness,
      transport: end.transport,
      phases: end.phases,
      usage: end.usage,
      reported: end.reported,
      resultPayload,
    });
    return this.#finished();
  }

  /** Stores an invocation that ended before it could be delivered. */
  async refuse(outcome: Outcome): Promise<Invocation> {
    this.#isClosed = true;
    this.#invocation = { ...this.#invocation, ...endOf(outcome, this.#scope.ports.clock.nowMs()) };
    await this.#insert(this.#invocation);
    return this.#finished();
  }

  #finished(): Invocation {
    this.#scope.journal.record({ kind: 'invocationFinished', invocation: this.#invocation });
    return this.#invocation;
  }

  async #storeResult(end: InvocationEnd): Promise<string | null> {
    if (end.result === null) return null;
    const { id, runId } = this.#invocation;
    const name = `result:${id}`;
    const json = JSON.stringify(end.result);
    await this.#scope.lease.persist('putPayload', (store) =>
      this.#scope.ports.store.putPayload(runId, name, json, store),
    );
    return name;
  }

  async #insert(invocation: Invocation): Promise<void> {
    const { store } = this.#scope.ports;
    await this.#scope.lease.persist('insertInvocation', async (options, isRepeat) => {
      if (isRepeat && (await this.#isStored(options))) return;
      await store.insertInvocation(invocation, options);
    });
  }

  async #isStored(options: StoreOptions): Promise<boolean> {
    const { id, runId } = this.#invocation;
    const stored = await this.#scope.ports.store.listInvocations(runId, options);
    return stored.some((one) => one.id === id);
  }

  async #update(changes: InvocationChanges): Promise<void> {
    const { lease, ports } = this.#scope;
    const { id } = this.#invocation;
    const states = ['pending', 'running'] as const;
    const hasWritten = await lease.persist(
      'updateInvocation',
      // A repeat that matches nothing was applied the first time; the run's own guarded writes decide who is right.
      async (options, isRepeat) => (await ports.store.updateInvocation(id, { states }, changes, options)) || isRepeat,
    );
    if (!hasWritten) {
      lease.lose(`invocation ${id} was ended by another worker`);
      await lease.persist('updateInvocation', () => Promise.resolve());
    }
    this.#invocation = { ...this.#invocation, ...changes };
  }
}

function endOf(outcome: Outcome, finishedAtMs: number): Pick<Invocation, 'state' | 'outcome' | 'finishedAtMs'> {
  return { state: stateOfOutcome(outcome), outcome, finishedAtMs };
}
