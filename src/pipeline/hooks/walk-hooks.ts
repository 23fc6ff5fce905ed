// The main hooks of a run, from wherever they stand: every hook whose predecessors have passed is at work at once. Its end and the starts of
// those it frees are one write. What has ended stays (I-6); once a hook failed, branches under way are awaited and nothing new begins.
//   start what is ready → await an end → take all ends there are, as declared → …  until nothing is at work; then tell why
// A hook may also end with `waits` (a backoff, a person, another run): its record says `waiting`, the other branches go on, and it is run
// again when its time has come, and at every claim. When nothing but waits is left, the run is to be let go until the earliest of them.
import type { RunFailure, Told, Verdict } from '../../core/run.ts';
import { emptyObject, type RunFlow } from '../graph/build-context.ts';
import { beginHook } from './begin-hook.ts';
import { conflictReports } from './conflict-reports.ts';
import { failureOf } from '../end-run.ts';
import { foldDecisions } from './fold-decisions.ts';
import { HooksAtWork, type EndedHook } from './hooks-at-work.ts';
import { joinConflicts, type Branch } from '../graph/join-conflicts.ts';
import { nextHooks, type Next } from '../graph/next-hooks.ts';
import type { HookPlan, RunPlan } from '../graph/plan-hooks.ts';
import { runHook, type HookEnd } from './run-hook.ts';
import { patchesOf, type RunFlows } from '../graph/run-flows.ts';
import type { RunLedger } from '../records/run-ledger.ts';
import { storeFlow } from '../records/run-payloads.ts';
import type { RunScope } from '../run-scope.ts';

/** How the main hooks came to rest. */
export interface Rest {
  /** set when the run is certain to end so */
  readonly verdict: Verdict | null;
  /** hooks that the stop of the run ended, in the order in which they ended */
  readonly cutShort: readonly EndedHook[];
  /** the earliest end of a wait; null: none, or none ends by itself */
  readonly dueAtMs: number | null;
  /** what others had told the run when it was looked at last: what is heard later is still to be seen to */
  readonly told: Told;
}

export class HookWalk {
  readonly #scope: RunScope;
  readonly #ledger: RunLedger;
  readonly #plan: RunPlan;
  readonly #flows: RunFlows;
  readonly #note: (verdict: Verdict | null) => void;
  readonly #atWork: HooksAtWork;
  readonly #failures = new Map<number, RunFailure>();
  readonly #cutShort: EndedHook[] = [];
  #isClaim = true;

  /** @param note gathers for the next write how far the ledger has come, and how the run will end, once that is certain */
  constructor(
    scope: RunScope,
    ledger: RunLedger,
    plan: RunPlan,
    flows: RunFlows,
    note: (verdict: Verdict | null) => void,
  ) {
    this.#scope = scope;
    this.#ledger = ledger;
    this.#plan = plan;
    this.#flows = flows;
    this.#note = note;
    this.#atWork = new HooksAtWork(scope);
  }

  /** @throws LeaseLost, GantryError of the store or DEFECT; nothing is at work any more then */
  async walk(): Promise<Rest> {
    await this.#runOnly();
    using _listening = this.#scope.lease.listen(() => {
      this.#atWork.wake();
    });
    for (let news: readonly EndedHook[] = []; ;) {
      for (const ended of news) this.#take(ended);
      const isDecided = this.#fold();
      const next = this.#next();
      const isStopped = this.#scope.stop.reason !== null || this.#failed() !== null;
      const startedCount = isStopped ? 0 : this.#start(next.ready);
      if (this.#atWork.indexes.size === 0) return this.#rest(next);
      if (startedCount === 0 && (isDecided || news.length > 0)) await this.#store();
      news = await this.#atWork.ended(isStopped ? null : next.dueAtMs);
    }
  }

  /** The hook of a run that has but one, unless there is something to be seen to before: without the book of who is at work. */
  async #runOnly(): Promise<void> {
    const [only] = this.#plan.main;
    if (only?.isPlain !== true || this.#plan.main.length > 1) return;
    if (this.#ledger.record(0).state !== 'pending' || this.#scope.stop.reason !== null || this.#failed() !== null)
      return;
    this.#isClaim = false;
    this.#ledger.startHook(0, this.#scope.ports.clock.nowMs());
    this.#note(null);
    const before = this.#flows.before(0);
    try {
      this.#take({ plan: only, before, end: await this.#run(only, before) });
    } catch (error) {
      this.#atWork.break(error);
    }
  }

  /** What was decided about hooks that wait here. @returns whether anything was */
  #fold(): boolean {
    if (this.#scope.stop.reason !== null || this.#failed() !== null) return false;
    return foldDecisions(this.#scope, this.#ledger, this.#atWork.indexes);
  }

  #next(): Next {
    const { graph } = this.#plan;
    const nowMs = this.#scope.ports.clock.nowMs();
    const isClaim = this.#isClaim;
    this.#isClaim = false;
    return nextHooks({ records: this.#ledger.hooks, graph, underWay: this.#atWork.indexes, nowMs, isClaim });
  }

  /** The starts are noted before a plugin is called: the first of their own writes takes them along to the store. */
  #start(ready: readonly number[]): number {
    const { ports } = this.#scope;
    const starting = ready.flatMap((index) => {
      const plan = this.#plan.main[index];
      return plan === undefined ? [] : [plan];
    });
    for (const { index } of starting) this.#ledger.startHook(index, ports.clock.nowMs());
    if (starting.length > 0) this.#note(this.#failed());
    for (const plan of starting) {
      const before = this.#flows.before(plan.index);
      this.#atWork.begin(plan, before, this.#run(plan, before));
    }
    return starting.length;
  }

  #run(plan: HookPlan, before: RunFlow): Promise<HookEnd> {
    const { pipeline, graph } = this.#plan;
    if (!plan.isPlain || graph.after(plan.index).length > 1) return this.#begin(plan, before);
    const { onMergeConflict, retries } = pipeline;
    const sinceMs = this.#ledger.record(plan.index).startedAtMs ?? this.#scope.ports.clock.nowMs();
    return runHook(this.#scope, plan, before, { onMergeConflict, retries, entries: emptyObject(), sinceMs });
  }

  async #begin(plan: HookPlan, before: RunFlow): Promise<HookEnd> {
    const { pipeline, graph } = this.#plan;
    const met = joinConflicts(graph, graph.after(plan.index), () => this.#branches());
    const conflicts = conflictReports(plan.hook, met, pipeline.onMergeConflict);
    return await beginHook(this.#scope, pipeline, { plan, before, conflicts, record: this.#ledger.record(plan.index) });
  }

  /** Takes over what a hook left, unless it is to be run again. */
  #take(ended: EndedHook): void {
    const { plan, before, end } = ended;
    const { reason } = this.#scope.stop;
    if (reason === 'lease_lost') return;
    if (end.marks !== undefined) this.#ledger.mark(plan.index, end.marks);
    if (reason === 'draining' && end.isInterrupted) {
      this.#cutShort.push(ended);
      return;
    }
    const isStopped = reason !== null && reason !== 'draining';
    if (!isStopped && end.waits !== undefined) {
      this.#ledger.waitHook(plan.index, end.waits);
      return;
    }
    this.#ledger.warn(end.warnings);
    const whole = this.#flows.whole;
    this.#flows.take(plan.index, before, end.flow);
    const overflow = storeFlow(this.#scope, whole, this.#flows.whole);
    if (isStopped) this.#cutShort.push(ended);
    else this.#end(plan, end, overflow);
  }

  #end({ hook, index }: HookPlan, end: HookEnd, overflow: string | null): void {
    const failure = overflow === null ? end.failure : failureOf('output_limit', overflow, hook);
    const endedWell = end.isSkipped ? 'skipped' : 'succeeded';
    const state = failure === null ? endedWell : 'failed';
    this.#ledger.endHook(index, state, this.#scope.ports.clock.nowMs(), end.note ?? null);
    if (failure !== null) this.#failures.set(index, failure);
  }

  /** Nobody else will: the ends are stored while other branches go on. */
  async #store(): Promise<void> {
    this.#note(this.#failed());
    try {
      await this.#scope.writes.commit();
    } catch (error) {
      this.#atWork.break(error);
    }
  }

  #rest({ dueAtMs }: Next): Rest {
    this.#atWork.throwIfBroken();
    return { verdict: this.#verdict(), cutShort: this.#cutShort, dueAtMs, told: this.#scope.lease.told };
  }

  /** The first failure as declared, also of hooks that failed before a kill. */
  #failed(): Verdict | null {
    const { verdict } = this.#scope.lease.run;
    if (this.#failures.size === 0) return verdict;
    const earlier = this.#plan.main.findIndex(({ hook }) => hook === verdict?.failure?.hook);
    const first = Math.min(...this.#failures.keys());
    return earlier >= 0 && earlier < first ? verdict : { state: 'failed', failure: this.#failures.get(first) ?? null };
  }

  #verdict(): Verdict | null {
    const failed = this.#failed();
    if (failed !== null) return failed;
    if (this.#ledger.firstUnfinished !== null) return null;
    const { graph, pipeline } = this.#plan;
    const conflicts = joinConflicts(graph, graph.leaves, () => this.#branches());
    const { failure, warnings } = conflictReports(null, conflicts, pipeline.onMergeConflict);
    this.#ledger.warn(warnings);
    return failure === null ? { state: 'succeeded', failure: null } : { state: 'failed', failure };
  }

  #branches(): readonly Branch[] {
    const { results } = this.#flows.whole;
    return this.#plan.graph.order.flatMap((index) => {
      const hook = this.#plan.main[index]?.hook ?? '';
      const patches = patchesOf(results[hook]);
      return patches.length === 0 ? [] : [{ index, hook, patches }];
    });
  }
}
