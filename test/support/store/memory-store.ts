// The fake behind the store port: everything in maps, proven by the same contract suite as the real adapters. Records are copied in and
// out, so that a test cannot change the store by changing an object. `failNext` makes the next call of an operation fail.
import { FairOrder } from '../../../src/core/fair-order.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { LogLine } from '../../../src/core/events.ts';
import type { InvocationId, RunId } from '../../../src/core/ids.ts';
import type { Invocation, InvocationState } from '../../../src/core/invocation.ts';
import type * as port from '../../../src/core/ports/store.ts';
import type { Run } from '../../../src/core/run.ts';
import { MemoryPlaces } from './memory-places.ts';

import { type MemoryShelves, memoryRetention } from './memory-retention.ts';
import { holds, matches, removals } from './memory-rules.ts';
import { MemoryCatalog, type Options, newestFirst } from './memory-catalog.ts';

export class MemoryStore extends MemoryCatalog implements port.Store {
  readonly #runs = new Map<RunId, Run>();
  readonly #leaving = new Set<RunId>();
  readonly #invocations = new Map<InvocationId, Invocation>();
  readonly #payloads = new Map<string, string>();
  readonly #runEvents = new Map<string, port.StoredEvent>();
  readonly #logs: port.StoredLogLine[] = [];
  readonly #order = new FairOrder();
  readonly places = new MemoryPlaces(this.#runs, (options, work) => this.perform('places', options, work));
  #lines = 0;
  readonly retention = memoryRetention(this.#shelves(), (operation, options, work) =>
    this.perform(operation, options, work),
  );

  async insertRun(run: Run, options: Options): Promise<port.InsertResult> {
    return await this.perform<port.InsertResult>('insertRun', options, () => {
      const standing = this.#byKey(run.pipeline, run.idempotencyKey) ?? this.#runs.get(run.id);
      if (standing !== undefined) return { kind: 'exists', run: standing };
      this.#runs.set(run.id, structuredClone(run));
      return { kind: 'inserted' };
    });
  }

  async findRun(id: RunId, options: Options): Promise<Run | null> {
    return await this.perform('findRun', options, () => (this.#leaving.has(id) ? null : this.#runs.get(id)) ?? null);
  }

  async findRunByKey(pipeline: string, idempotencyKey: string, options: Options): Promise<Run | null> {
    return await this.perform('findRunByKey', options, () => this.#byKey(pipeline, idempotencyKey) ?? null);
  }

  async updateRun(id: RunId, guard: port.RunGuard, changes: port.RunChanges, options: Options): Promise<boolean> {
    return await this.perform('updateRun', options, () => {
      const run = this.#runs.get(id);
      if (run === undefined || !holds(run, guard)) return this.stale('updateRun');
      const { part, pipeline, createdAtMs, idempotencyKey } = run;
      this.#runs.set(id, { ...run, ...structuredClone(changes), id, part, pipeline, createdAtMs, idempotencyKey });
      return true;
    });
  }

  async claimRuns(request: port.ClaimRequest, options: Options): Promise<readonly Run[]> {
    return await this.perform('claimRuns', options, () => {
      const ready = [...this.#runs.values()]
        .filter(({ pipeline, readyAtMs }) => request.pipelines.includes(pipeline) && readyAtMs <= request.nowMs)
        .sort((a, b) => a.readyAtMs - b.readyAtMs || newestFirst(b, a));
      const due = ready.filter(({ state }) => state === 'waiting').slice(0, request.limit);
      const queued = ready.filter(({ state, needsPlace }) => state === 'queued' && !needsPlace);
      return [...due, ...this.#order.pick(queued, request.limit - due.length)].map((run) => {
        const claimed: Run = { ...run, state: 'running', worker: request.worker, epoch: run.epoch + 1 };
        this.#runs.set(run.id, claimed);
        return claimed;
      });
    });
  }

  async listRuns(filter: port.RunFilter, page: port.PageRequest, options: Options): Promise<port.Page<Run>> {
    return await this.perform('listRuns', options, () => {
      const after = page.after;
      const all = [...this.#runs.values()]
        .filter((run) => matches(run, filter) && (after === undefined || run.id < after))
        .sort(newestFirst);
      const items = all.slice(0, page.limit);
      return { items, next: all.length > page.limit ? (items.at(-1)?.id ?? null) : null };
    });
  }

  async countQueued(pipeline: string, atMost: number, options: Options): Promise<number> {
    return await this.perform('countQueued', options, () => {
      const queued = [...this.#runs.values()].filter((run) => run.state === 'queued' && run.pipeline === pipeline);
      return Math.min(queued.length, atMost);
    });
  }

  async countRuns(filter: port.RunFilter, options: Options): Promise<number> {
    return await this.perform(
      'countRuns',
      options,
      () => [...this.#runs.values()].filter((run) => matches(run, filter)).length,
    );
  }

  async insertInvocation(invocation: Invocation, options: Options): Promise<void> {
    await this.perform('insertInvocation', options, () => {
      if (this.#invocations.has(invocation.id)) {
        throw new GantryError('STORE_FAILED', `invocation ${invocation.id} stands already`);
      }
      this.#invocations.set(invocation.id, structuredClone(invocation));
    });
  }

  async updateInvocation(
    id: InvocationId,
    guard: { readonly states: readonly InvocationState[] },
    changes: port.InvocationChanges,
    options: Options,
  ): Promise<boolean> {
    return await this.perform('updateInvocation', options, () => {
      const invocation = this.#invocations.get(id);
      if (invocation === undefined || !guard.states.includes(invocation.state)) return this.stale('updateInvocation');
      this.#invocations.set(id, { ...invocation, ...structuredClone(changes) });
      return true;
    });
  }

  async listInvocations(runId: RunId, options: Options): Promise<readonly Invocation[]> {
    return await this.perform('listInvocations', options, () =>
      [...this.#invocations.values()]
        .filter((invocation) => invocation.runId === runId)
        .sort((a, b) => a.createdAtMs - b.createdAtMs || newestFirst(b, a)),
    );
  }

  async putPayload(runId: RunId, name: string, json: string, options: Options): Promise<void> {
    await this.perform('putPayload', options, () => {
      this.#payloads.set(JSON.stringify([runId, name]), json);
    });
  }

  async findPayload(runId: RunId, name: string, options: Options): Promise<string | null> {
    return await this.perform('findPayload', options, () => this.#payloads.get(JSON.stringify([runId, name])) ?? null);
  }

  async appendEvents(events: readonly port.StoredEvent[], options: Options): Promise<void> {
    await this.perform('appendEvents', options, () => {
      for (const event of events) {
        const key = `${event.runId}:${event.seq}`;
        if (!this.#runEvents.has(key)) this.#runEvents.set(key, structuredClone(event));
      }
    });
  }

  async listEvents(
    runId: RunId,
    afterSeq: number,
    limit: number,
    options: Options,
  ): Promise<readonly port.StoredEvent[]> {
    return await this.perform('listEvents', options, () =>
      [...this.#runEvents.values()]
        .filter((event) => event.runId === runId && event.seq > afterSeq)
        .sort((a, b) => a.seq - b.seq)
        .slice(0, limit),
    );
  }

  async lastEventSeq(runId: RunId, options: Options): Promise<number> {
    const events = await this.listEvents(runId, 0, Infinity, options);
    return events.at(-1)?.seq ?? 0;
  }

  async appendLogs(lines: readonly LogLine[], options: Options): Promise<void> {
    await this.perform('appendLogs', options, () => {
      for (const line of lines) this.#logs.push({ ...line, seq: (this.#lines += 1) });
    });
  }

  async listLogs(filter: port.LogFilter, options: Options): Promise<readonly port.StoredLogLine[]> {
    return await this.perform('listLogs', options, () => {
      const { runId, plugin, afterSeq, limit } = filter;
      const lines = this.#logs.filter(
        (line) =>
          (runId ?? line.runId) === line.runId && (plugin ?? line.plugin) === line.plugin && line.seq > (afterSeq ?? 0),
      );
      return afterSeq === undefined ? lines.slice(Math.max(0, lines.length - limit)) : lines.slice(0, limit);
    });
  }

  async writeAll(chains: readonly (readonly port.StoreWrite[])[], options: Options): Promise<readonly boolean[]> {
    await this.perform('writeAll', options, () => undefined);
    const results: boolean[] = [];
    for (const chain of chains) results.push(await this.#writeChain(chain, options));
    return results;
  }

  async #writeChain(chain: readonly port.StoreWrite[], options: Options): Promise<boolean> {
    for (const write of chain) if (!(await this.#writeOne(write, options))) return false;
    return true;
  }

  /** By way of the single operations, so that what a test does to one of them is done to it here, too. */
  async #writeOne(write: port.StoreWrite, options: Options): Promise<boolean> {
    switch (write.kind) {
      case 'insertRun': {
        const inserted = await this.insertRun(write.run, options);
        return inserted.kind === 'inserted' || inserted.run.id === write.run.id;
      }
      case 'updateRun':
        return await this.updateRun(write.id, write.guard, write.changes, options);
      case 'insertInvocation':
        if (!this.#invocations.has(write.invocation.id)) await this.insertInvocation(write.invocation, options);
        return true;
      case 'updateInvocation':
        return await this.updateInvocation(write.id, write.guard, write.changes, options);
      case 'putPayload':
        await this.putPayload(write.runId, write.name, write.json, options);
        return true;
      case 'appendEvents':
        await this.appendEvents(write.events, options);
        return true;
      case 'appendLogs':
        await this.appendLogs(write.lines, options);
        return true;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  #shelves(): MemoryShelves {
    const { pluginVersions, pipelineVersions } = this;
    const runs = this.#runs;
    const logsOf = (id: RunId): (() => void)[] =>
      this.#logs.flatMap((line) =>
        line.runId === id ? [() => void this.#logs.splice(this.#logs.indexOf(line), 1)] : [],
      );
    const payloadsOf = (start: string): (() => void)[] => removals(this.#payloads, (_, key) => key.startsWith(start));
    const part = (id: RunId, name: 'logs' | 'artifacts'): (() => void)[] =>
      name === 'logs' ? logsOf(id) : payloadsOf(JSON.stringify([id, 'artifact']).slice(0, -2));
    const belongings = (id: RunId): (() => void)[] => [
      ...logsOf(id),
      ...removals(this.#runEvents, (event) => event.runId === id),
      ...removals(this.#invocations, (invocation) => invocation.runId === id),
      ...payloadsOf(JSON.stringify([id]).slice(0, -1)),
    ];
    return { runs, leaving: this.#leaving, belongings, part, logs: () => this.#logs, pluginVersions, pipelineVersions };
  }

  #byKey(pipeline: string, key: string | null): Run | undefined {
    if (key === null) return undefined;
    return [...this.#runs.values()].find((run) => run.pipeline === pipeline && run.idempotencyKey === key);
  }
}
