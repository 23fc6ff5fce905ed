// Decides about runs that ask: some at once, some only later, when the program that asked may be dead. A decision whose fate is unclear is told
// again, and never changed.
import { ASKING } from './counter/counter-plugins.ts';
import type { Decided } from './history.ts';
import type { RandomSource } from './seeded-random.ts';

const ANSWER_MS = 10_000;
/** One that waits is decided about with this chance at each occasion. */
const CHANCE = 0.4;
/** The run ended before anybody could decide. */
const OVER: ReadonlySet<string> = new Set(['RUN_FINISHED', 'RUN_NOT_FOUND']);

export class Decider {
  readonly #random: RandomSource;
  readonly #url: () => string | null;
  readonly #open = new Map<string, Decided['decision']>();
  readonly #made = new Map<string, Decided>();

  /** @param url where to ask now; null while nothing listens */
  constructor(random: RandomSource, url: () => string | null) {
    this.#random = random;
    this.#url = url;
  }

  /** Every decision that was sent, whether or not it arrived. */
  get decisions(): readonly Decided[] {
    return [...this.#made.values()];
  }

  /** It waits for a decision: this one, or either. */
  take(runId: string, decision?: Decided['decision']): void {
    if (this.#made.has(runId) || this.#open.has(runId)) return;
    this.#open.set(runId, decision ?? this.#random.pick(['approve', 'reject'] as const));
  }

  async decideSome(): Promise<void> {
    for (const runId of this.#open.keys()) if (this.#random.next() < CHANCE) await this.#decide(runId);
  }

  async decideAll(): Promise<void> {
    for (const runId of this.#open.keys()) await this.#decide(runId);
  }

  async #decide(runId: string): Promise<void> {
    const decision = this.#open.get(runId);
    const url = this.#url();
    if (decision === undefined || url === null) return;
    this.#made.set(runId, { runId, decision, isAnswered: this.#made.get(runId)?.isAnswered ?? false });
    try {
      const answer = await fetch(`${url}/api/v1/runs/${runId}/approvals/${ASKING.hook}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ decision }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const { code } = (await answer.json()) as { code?: string };
      if (answer.ok) this.#made.set(runId, { runId, decision, isAnswered: true });
      if (answer.ok || OVER.has(code ?? '')) this.#open.delete(runId);
    } catch {
      // It died or hangs: the same is told again.
    }
  }
}
