// `store.retention` of the memory fake, over the maps of `MemoryStore`.
import { formatId, type RunId } from '../../../src/core/ids.ts';
import type { Retention } from '../../../src/core/ports/retention.ts';
import type * as port from '../../../src/core/ports/store.ts';
import { isTerminal, type Run } from '../../../src/core/run.ts';
import type { Options } from './memory-catalog.ts';

/** What the fake holds. */
export interface MemoryShelves {
  readonly runs: Map<RunId, Run>;
  readonly leaving: Set<RunId>;
  /** of the run, in the order of their removal; the function removes it */
  belongings(id: RunId): readonly (() => void)[];
  /** as belongings */
  part(id: RunId, part: 'logs' | 'artifacts'): readonly (() => void)[];
  /** ascending by seq; may be changed */
  logs(): port.StoredLogLine[];
  readonly pluginVersions: Map<string, port.PluginVersionRecord>;
  readonly pipelineVersions: port.PipelineVersionRecord[];
}

type Perform = <T>(operation: string, options: Options, work: () => T) => Promise<T>;

export function memoryRetention(shelves: MemoryShelves, perform: Perform): Retention {
  const { runs, leaving, pluginVersions, pipelineVersions } = shelves;
  const namesOf = {
    runs: () => Array.from(runs.values(), ({ pipeline }) => pipeline),
    plugin: () => Array.from(pluginVersions.values(), ({ plugin }) => plugin),
    pipeline: () => pipelineVersions.map(({ name }) => name),
  };
  return {
    listNames: (of, after, limit, options) =>
      perform('listNames', options, () =>
        [...new Set(namesOf[of]())]
          .filter((name) => name > (after ?? ''))
          .sort()
          .slice(0, limit),
      ),
    listEndedRuns: ({ pipeline, endedBeforeMs, after, limit }, options) =>
      perform('listEndedRuns', options, () =>
        [...runs.values()]
          .filter((run) => run.pipeline === pipeline && run.id > (after ?? ''))
          .filter(({ id }) => id < formatId('run', endedBeforeMs, new Uint8Array(10)))
          .flatMap(({ id, state, finishedAtMs }) =>
            isTerminal(state) && finishedAtMs !== null && finishedAtMs < endedBeforeMs
              ? [{ id, state, finishedAtMs }]
              : [],
          )
          .sort((left, right) => (left.id < right.id ? -1 : 1))
          .slice(0, limit),
      ),
    removeRun: (id, atMost, options) =>
      perform('removeRun', options, () => {
        const run = runs.get(id);
        if (run === undefined) return { state: 'gone', removed: 0 } as const;
        if (!isTerminal(run.state)) return { state: 'kept', removed: 0 } as const;
        leaving.add(id);
        const some = shelves.belongings(id).slice(0, atMost);
        for (const remove of some) remove();
        if (some.length >= atMost) return { state: 'partly', removed: some.length } as const;
        runs.delete(id);
        return { state: 'gone', removed: some.length + 1 } as const;
      }),
    removePart: ({ runId, part, limit, isDryRun }, options) =>
      perform('removePart', options, () => {
        const some = shelves.part(runId, part).slice(0, limit);
        if (!isDryRun) for (const remove of some) remove();
        return some.length;
      }),
    removeLogs: ({ beforeMs, afterSeq, limit, isDryRun }, options) =>
      perform('removeLogs', options, () => {
        const lines = shelves.logs();
        const seen = lines.filter(({ seq }) => seq > afterSeq).slice(0, limit);
        const old = new Set(seen.filter(({ atMs }) => atMs < beforeMs));
        if (!isDryRun) lines.splice(0, lines.length, ...lines.filter((line) => !old.has(line)));
        return { removed: old.size, next: old.size > 0 && seen.length === limit ? (seen.at(-1)?.seq ?? null) : null };
      }),
    listOldVersions: ({ of, name, keep, createdBeforeMs, limit }, options) =>
      perform('listOldVersions', options, () => {
        const all =
          of === 'pipeline'
            ? pipelineVersions
                .map((record, index) => ({ id: String(index), createdAtMs: record.createdAtMs, of: record.name }))
                .filter((record) => record.of === name && pipelineVersions[Number(record.id)]?.name === name)
                .toReversed()
            : [...pluginVersions.values()]
                .filter(({ plugin }) => plugin === name)
                .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1));
        return all
          .slice(Math.max(1, keep))
          .filter(({ id, createdAtMs }) => createdAtMs < createdBeforeMs && isUnused(of, id))
          .toReversed()
          .slice(0, limit)
          .map(({ id }) => id);
      }),
    removeVersions: (of, ids, options) =>
      perform('removeVersions', options, () => {
        const there = ids.filter((id) => isUnused(of, id));
        for (const id of there) {
          if (of === 'plugin') pluginVersions.delete(id);
          // Its place stays, so that the ids of the others do.
          else Object.assign(pipelineVersions[Number(id)] ?? {}, { name: '' });
        }
        return there.length;
      }),
  };

  function isUnused(of: 'plugin' | 'pipeline', id: string): boolean {
    if (of === 'plugin') return typeof pluginVersions.get(id)?.imageRemovedAtMs === 'number';
    return (pipelineVersions[Number(id)]?.name ?? '') !== '';
  }
}
