// A decision about a hook that waits while other hooks of its run are at work: only the run's worker may write the run then, so who decides
// hands it to whoever leads the run here.
import type { ApprovalDecision } from '../core/approval.ts';

/** Resolves once the decision is durable. @returns false when the hook waits for none here @throws LeaseLost, GantryError of the store */
export type TakeDecision = (hook: string, decided: ApprovalDecision) => Promise<boolean>;

export class DecisionsAtWork {
  #take: TakeDecision | null = null;

  /** Until the result is disposed of, decisions go to `take`. */
  listen(take: TakeDecision): Disposable {
    this.#take = take;
    return {
      [Symbol.dispose]: () => {
        this.#take = null;
      },
    };
  }

  /** As TakeDecision; false also when nobody leads the run's hooks just now. */
  async decide(hook: string, decided: ApprovalDecision): Promise<boolean> {
    return (await this.#take?.(hook, decided)) ?? false;
  }
}
