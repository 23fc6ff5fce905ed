// Waits for the end of every run. However many there are: patience begins anew with each that ends.
import type { Store } from '../../../src/core/ports/store.ts';
import { isTerminal } from '../../../src/core/run.ts';
import type { Decider } from './decider.ts';
import { listAllRuns } from './read-history.ts';

type Until = (what: string, ask: () => Promise<boolean>) => Promise<void>;

export async function settleRuns(store: Store, decider: Decider, until: Until): Promise<void> {
  for (let open = Infinity; open > 0;) {
    await until('one more run to end', async () => {
      const left = await decideOpen(store, decider);
      const isFewer = left < open;
      open = Math.min(open, left);
      return isFewer;
    });
  }
}

/** Decides about all that wait for it. @returns how many runs have not ended */
async function decideOpen(store: Store, decider: Decider): Promise<number> {
  const open = (await listAllRuns(store)).filter(({ state }) => !isTerminal(state));
  for (const { id, hooks } of open) if (hooks.some(({ approval }) => approval?.decided === null)) decider.take(id);
  await decider.decideAll();
  return open.length;
}
