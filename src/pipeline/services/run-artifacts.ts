// The artifacts of runs: their list, which is one payload of the run, changed by one writer at a time in this process (a run is worked on by one).
import { ARTIFACTS_PAYLOAD, readArtifacts, type Artifact } from '../../core/artifact.ts';
import type { RunId } from '../../core/ids.ts';
import type { ArtifactContent } from '../../core/ports/artifact-content.ts';
import type { Store, StoreOptions } from '../../core/ports/store.ts';

export class RunArtifacts {
  readonly #store: Pick<Store, 'putPayload' | 'findPayload'>;
  readonly #tails = new Map<RunId, Promise<unknown>>();

  constructor(store: Pick<Store, 'putPayload' | 'findPayload'>) {
    this.#store = store;
  }

  /** In the order of their names. */
  async list(runId: RunId, options: StoreOptions): Promise<readonly Artifact[]> {
    return readArtifacts(await this.#store.findPayload(runId, ARTIFACTS_PAYLOAD, options));
  }

  /** Artifacts that another run left become the run's own. @returns names of those that are gone, which it loses */
  async takeOver(runId: RunId, content: ArtifactContent, options: StoreOptions): Promise<readonly string[]> {
    const all = await this.list(runId, options);
    if (all.every((artifact) => artifact.runId === runId)) return [];
    const own: Artifact[] = [];
    for (const artifact of all) {
      const place = artifact.runId === runId ? artifact.content : await content.share(artifact, runId, options);
      if (place !== null) own.push({ ...artifact, runId, content: place });
    }
    await this.#store.putPayload(runId, ARTIFACTS_PAYLOAD, JSON.stringify(own), options);
    const kept = new Set(own.map(({ name }) => name));
    return all.filter(({ name }) => !kept.has(name)).map(({ name }) => name);
  }

  /** Puts artifacts of one run in the place of those of their names, unless `refuse` says why not. @returns what it said; null: they are put */
  async put<Refusal>(
    artifacts: readonly Artifact[],
    refuse: (others: readonly Artifact[]) => Refusal | null,
    options: StoreOptions,
  ): Promise<Refusal | null> {
    const [first] = artifacts;
    if (first === undefined) return null;
    const { runId } = first;
    const names = new Set(artifacts.map(({ name }) => name));
    const before = this.#tails.get(runId) ?? Promise.resolve();
    const turn = before.then(async () => {
      const others = (await this.list(runId, options)).filter(({ name }) => !names.has(name));
      const refusal = refuse(others);
      if (refusal !== null) return refusal;
      const all = [...others, ...artifacts].sort((left, right) => (left.name < right.name ? -1 : 1));
      await this.#store.putPayload(runId, ARTIFACTS_PAYLOAD, JSON.stringify(all), options);
      return null;
    });
    const tail = turn.catch(() => undefined);
    this.#tails.set(runId, tail);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(runId) === tail) this.#tails.delete(runId);
    }
  }
}
