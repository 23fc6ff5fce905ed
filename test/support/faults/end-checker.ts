// Holds how each run ended against what it was asked for: retries that must help, a run that cannot succeed, branches and their join, items,
// decisions, ticks. A fault may take a run before its end; then its failure is one that only a fault gives.
import { ASKING, HOPELESS, ITEMS, TICK_MS, TICKING } from './counter/counter-plugins.ts';
import type { History, RunHistory } from './history.ts';

/** Codes that no fault gives: a run that ends so was meant to, or the program is wrong. */
const PLANTED: ReadonlySet<string> = new Set([
  'plugin_error',
  'APPROVAL_REJECTED',
  'EXPRESSION_INVALID',
  'MERGE_CONFLICT',
]);

export function checkEnds(history: History): string[] {
  return [
    ...history.runs.flatMap((one) => [
      ...checkEnd(one, history),
      ...checkOrder(one, history.areChainsAtomic),
      ...checkItems(one),
    ]),
    ...checkDecisions(history),
    ...checkTicks(history),
  ];
}

function checkEnd({ run }: RunHistory, { decisions }: History): string[] {
  const { id, pipeline, state, failure } = run;
  const isRejected = decisions.some(({ runId, decision }) => runId === id && decision === 'reject');
  const meant = isRejected ? 'APPROVAL_REJECTED' : (HOPELESS.get(pipeline) ?? null);
  if (state === 'succeeded' && meant !== null) return [`${id} of ${pipeline} succeeded, and could only fail: ${meant}`];
  if (failure === null || failure.code === meant || !PLANTED.has(failure.code)) return [];
  return [`${id} of ${pipeline} failed as ${failure.code}, which no fault explains`];
}

/** No hook began before those it follows had their successes: told by the order of the events, since clocks jump. */
function checkOrder({ run, events }: RunHistory, isAtomic: boolean): string[] {
  const told = events.map(({ seq, kind, body }) => ({ seq, kind, ...(body as { hook?: string; state?: string }) }));
  return run.hooks.flatMap(({ hook, after }, index) => {
    const begun = told.find((event) => event.kind === 'invocationStarted' && event.hook === hook);
    if (begun === undefined) return [];
    const before = after ?? run.hooks.slice(Math.max(0, index - 1), index).map((one) => one.hook);
    return before.flatMap((earlier) => {
      const isItsSuccess = (event: (typeof told)[number]): boolean =>
        event.kind === 'invocationFinished' && event.hook === earlier && event.state === 'succeeded';
      const last = told.findLast(isItsSuccess);
      if (last === undefined) return isAtomic ? [`${hook} of ${run.id} began without a success of ${earlier}`] : [];
      return last.seq > begun.seq ? [`${hook} of ${run.id} began before ${earlier} had ended`] : [];
    });
  });
}

/** Each item has its success when the run has. */
function checkItems({ run, invocations }: RunHistory): string[] {
  if (run.pipeline !== 'each' || run.state !== 'succeeded') return [];
  const items = invocations.flatMap(({ item, outcome }) => (item !== null && outcome?.code === 'ok' ? [item] : []));
  const isWhole = items.length === ITEMS && new Set(items).size === ITEMS;
  return isWhole ? [] : [`${run.id} succeeded with the items ${items.join(', ')} of ${String(ITEMS)}`];
}

/** A decision that was answered stands; what was rejected, or not decided, did not act. */
function checkDecisions({ runs, decisions, marks }: History): string[] {
  const standing = new Map<string, string>(
    runs.flatMap(({ run }) => run.hooks.flatMap(({ approval }) => decisionOf(run.id, approval?.decided))),
  );
  const lost = decisions.flatMap(({ runId, decision, isAnswered }) => {
    const stands = standing.get(runId);
    if (stands === undefined) return isAnswered ? [`the decision about ${runId} was answered and is lost`] : [];
    return stands === decision ? [] : [`about ${runId} it was decided ${decision}, and ${stands} stands`];
  });
  const asking = new Set<string>(runs.flatMap(({ run }) => (run.pipeline === ASKING.pipeline ? [run.id] : [])));
  const acted = marks.filter(({ runId, hook }) => asking.has(runId) && hook === ASKING.hook);
  const early = acted.filter(({ runId }) => standing.get(runId) !== 'approve');
  return [...lost, ...early.map(({ runId }) => `${runId} went on without an approval`)];
}

function decisionOf(runId: string, decided: { readonly decision: string } | null | undefined): [string, string][] {
  return decided === null || decided === undefined ? [] : [[runId, decided.decision]];
}

/** No tick is missing between the first and the last. That none has two runs is a matter of their keys. */
function checkTicks({ runs }: History): string[] {
  const times = runs
    .flatMap(({ run }) => (run.pipeline === TICKING.pipeline ? [tickOf(run.idempotencyKey)] : []))
    .toSorted((a, b) => a - b);
  return times.flatMap((time, index) => {
    const gapMs = time - (times[index - 1] ?? time);
    return gapMs > TICK_MS ? [`no run for the ticks in the ${String(gapMs)} ms before ${String(time)}`] : [];
  });
}

/** `schedule/<name>/<tick>` */
function tickOf(key: string | null): number {
  const tick = key?.split('/').at(-1) ?? '';
  return /^\d+$/.test(tick) ? Number(tick) : Date.parse(tick);
}
