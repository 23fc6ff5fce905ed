// Chains of writes on a server that promises nothing across documents: the first writes of all chains together, then the second ones, and so
// on. A chain goes on only after its earlier writes are acknowledged; what is of one kind at one place goes as one command where it can.
import type { LogLine } from '../../core/events.ts';
import type { StoredEvent, StoreWrite } from '../../core/ports/store.ts';
import type { MongoHistory, PayloadText } from './mongo-history.ts';
import type { MongoRuns } from './mongo-runs.ts';

interface Chain {
  readonly writes: readonly StoreWrite[];
  isApplied: boolean;
}

export class MongoChains {
  readonly #runs: MongoRuns;
  readonly #history: MongoHistory;

  constructor(runs: MongoRuns, history: MongoHistory) {
    this.#runs = runs;
    this.#history = history;
  }

  /** When it rejects, writes at the same place in other chains may have happened, later ones did not. */
  async writeAll(chains: readonly (readonly StoreWrite[])[]): Promise<readonly boolean[]> {
    const all: Chain[] = chains.map((writes) => ({ writes, isApplied: true }));
    const longest = Math.max(0, ...chains.map(({ length }) => length));
    for (let place = 0; place < longest; place += 1) await this.#writePlace(all, place);
    return all.map(({ isApplied }) => isApplied);
  }

  async #writePlace(chains: readonly Chain[], place: number): Promise<void> {
    const payloads: PayloadText[] = [];
    const events: StoredEvent[] = [];
    const lines: LogLine[] = [];
    const singles: Promise<void>[] = [];
    for (const chain of chains) {
      const write = chain.isApplied ? chain.writes[place] : undefined;
      if (write === undefined) continue;
      if (write.kind === 'putPayload') payloads.push(write);
      else if (write.kind === 'appendEvents') events.push(...write.events);
      else if (write.kind === 'appendLogs') lines.push(...write.lines);
      else singles.push(this.#writeOne(chain, write));
    }
    const settled = await Promise.allSettled([
      ...singles,
      this.#history.putPayloads(payloads),
      this.#history.appendEvents(events),
      this.#history.appendLogs(lines),
    ]);
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
  }

  async #writeOne(
    chain: Chain,
    write: Exclude<StoreWrite, { readonly kind: 'putPayload' | 'appendEvents' | 'appendLogs' }>,
  ): Promise<void> {
    switch (write.kind) {
      case 'insertRun': {
        const inserted = await this.#runs.insertRun(write.run);
        chain.isApplied = inserted.kind === 'inserted' || inserted.run.id === write.run.id;
        return;
      }
      case 'updateRun':
        chain.isApplied = await this.#runs.updateRun(write.id, write.guard, write.changes);
        return;
      case 'insertInvocation':
        await this.#history.keepInvocation(write.invocation);
        return;
      case 'updateInvocation':
        chain.isApplied = await this.#history.updateInvocation(write.id, write.guard.states, write.changes);
        return;
    }
  }
}
