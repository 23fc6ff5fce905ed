// Chains of writes on a server that promises nothing across documents: what comes first in all chains together, then what comes second, and
// so on. A chain goes on only after its earlier writes are acknowledged; what is of one kind and comes at once goes as one command where it can.
import type { LogLine } from '../../core/events.ts';
import type { StoredEvent, StoreWrite } from '../../core/ports/store.ts';
import type { MongoHistory, PayloadText } from './mongo-history.ts';
import type { MongoRuns } from './mongo-runs.ts';

interface Chain {
  readonly writes: readonly StoreWrite[];
  /** of the write that comes next */
  place: number;
  isApplied: boolean;
}

export class MongoChains {
  readonly #runs: MongoRuns;
  readonly #history: MongoHistory;

  constructor(runs: MongoRuns, history: MongoHistory) {
    this.#runs = runs;
    this.#history = history;
  }

  /** When it rejects, what comes next in other chains may have happened, too; what follows that did not. */
  async writeAll(chains: readonly (readonly StoreWrite[])[]): Promise<readonly boolean[]> {
    const all: Chain[] = chains.map((writes) => ({ writes, place: 0, isApplied: true }));
    for (let left: readonly Chain[] = all; left.length > 0; left = left.filter(goesOn)) await this.#writeNext(left);
    return all.map(({ isApplied }) => isApplied);
  }

  async #writeNext(chains: readonly Chain[]): Promise<void> {
    const payloads: PayloadText[] = [];
    const events: StoredEvent[] = [];
    const lines: LogLine[] = [];
    const singles: Promise<void>[] = [];
    for (const chain of chains) {
      for (const write of nextOf(chain)) {
        if (write.kind === 'putPayload') payloads.push(write);
        else if (write.kind === 'appendEvents') events.push(...write.events);
        else if (write.kind === 'appendLogs') lines.push(...write.lines);
        else singles.push(this.#writeOne(chain, write));
      }
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

function goesOn({ writes, place, isApplied }: Chain): boolean {
  return isApplied && place < writes.length;
}

/** The writes of a chain that come next: payloads of different names go together, anything else goes alone. */
function nextOf(chain: Chain): readonly StoreWrite[] {
  const next: StoreWrite[] = [];
  const names = new Set<string>();
  for (const write of chain.writes.slice(chain.place)) {
    const isPayload = write.kind === 'putPayload' && !names.has(write.name);
    if (next.length > 0 && !isPayload) break;
    next.push(write);
    if (write.kind !== 'putPayload') break;
    names.add(write.name);
  }
  chain.place += next.length;
  return next;
}
