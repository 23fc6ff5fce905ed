// Runs of a filter page by page: a queue may be as long as its bound allows, and must never be in memory as a whole.
import type { RunId } from './ids.ts';
import type { Page, PageRequest } from './ports/store.ts';
import type { Run } from './run.ts';

const PAGE_RUNS = 200;

/** Newest first. @param list reads one page */
export async function* walkRuns(list: (page: PageRequest) => Promise<Page<Run>>): AsyncGenerator<Run> {
  for (let after: RunId | null = null; ;) {
    const { items, next }: Page<Run> = await list({ limit: PAGE_RUNS, ...(after === null ? {} : { after }) });
    yield* items;
    if (next === null) return;
    after = next;
  }
}
