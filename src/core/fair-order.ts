// Which of the queued runs are claimed next: a higher priority first; among equals the pipelines take turns, each with its oldest run.
// Remembers whose turn it was, so that it is fair also where only one run is claimed at a time.

export interface QueuedRun {
  readonly id: string;
  readonly pipeline: string;
  readonly priority: number;
}

/** Pipelines whose last turn is remembered. */
const REMEMBERED_MAX = 10_000;

export class FairOrder {
  /** pipeline → number of its last turn, in the order of turns */
  readonly #served = new Map<string, number>();
  #turn = 0;

  /** At most `limit` of them, in the order in which they are to be claimed. */
  pick<Candidate extends QueuedRun>(candidates: readonly Candidate[], limit: number): readonly Candidate[] {
    const picked: Candidate[] = [];
    const priorities = [...new Set(candidates.map(({ priority }) => priority))].toSorted((a, b) => b - a);
    for (const wanted of priorities) {
      if (picked.length >= limit) break;
      const level = candidates.filter(({ priority }) => priority === wanted);
      picked.push(...this.#takeTurns(level, limit - picked.length));
    }
    return picked;
  }

  #takeTurns<Candidate extends QueuedRun>(candidates: readonly Candidate[], limit: number): readonly Candidate[] {
    const lanes = new Map<string, Candidate[]>();
    for (const candidate of candidates.toSorted(byAge)) {
      const lane = lanes.get(candidate.pipeline) ?? [];
      lane.push(candidate);
      lanes.set(candidate.pipeline, lane);
    }
    const taken: Candidate[] = [];
    while (taken.length < limit && lanes.size > 0) {
      const [pipeline, lane] = this.#longestUnserved([...lanes]);
      taken.push(...lane.splice(0, 1));
      if (lane.length === 0) lanes.delete(pipeline);
      this.#noteTurn(pipeline);
    }
    return taken.sort(byAge);
  }

  #longestUnserved<Lane>(lanes: readonly (readonly [string, Lane])[]): readonly [string, Lane] {
    const turnOf = ([pipeline]: readonly [string, unknown]): number => this.#served.get(pipeline) ?? 0;
    return lanes.reduce((best, lane) => (turnOf(lane) < turnOf(best) ? lane : best));
  }

  #noteTurn(pipeline: string): void {
    this.#turn += 1;
    this.#served.delete(pipeline);
    this.#served.set(pipeline, this.#turn);
    const [oldest] = this.#served.keys();
    if (this.#served.size > REMEMBERED_MAX && oldest !== undefined) this.#served.delete(oldest);
  }
}

function byAge(left: QueuedRun, right: QueuedRun): number {
  return left.id < right.id ? -1 : 1;
}
