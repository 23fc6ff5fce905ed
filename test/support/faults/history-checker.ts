// Judges a history. It knows the promises, not the program: accepted means settled, once; epochs only grow; an end stays an end; what was
// called is what is told, and never twice what must not be.
import { isTerminal } from '../../../src/core/run.ts';
import { checkCounts } from './count-checker.ts';
import { checkEnds } from './end-checker.ts';
import type { History, HistoryFigures, RunHistory, Sight, Verdict } from './history.ts';
import { settleTimes } from './settle-times.ts';
import { spread } from './spread.ts';

export function checkHistory(history: History): Verdict {
  const violations = [
    ...checkAnswers(history),
    ...history.runs.flatMap((one) => [...checkEnd(one), ...checkEvents(one, history.areChainsAtomic)]),
    ...checkSights(history),
    ...checkCounts(history),
    ...checkEnds(history),
  ];
  return { violations, figures: figuresOf(history) };
}

/** Every accepted run stands in the store, and one key never made two. */
function checkAnswers({ answers, runs }: History): string[] {
  const vanished = vanishedOf({ answers, runs });
  const standing = new Set<string>(runs.map(({ run }) => run.id));
  const accepted = answers.filter((answer) => answer.kind === 'accepted').filter(({ runId }) => !vanished.has(runId));
  const violations: string[] = [];
  for (const [key, all] of Map.groupBy(accepted, (answer) => answer.key)) {
    const ids = [...new Set(all.map(({ runId }) => runId))];
    if (ids.length > 1) violations.push(`key ${key} made ${String(ids.length)} runs: ${ids.join(', ')}`);
    for (const id of ids) if (!standing.has(id)) violations.push(`${id} was accepted and is not in the store`);
  }
  for (const [key, ids] of Map.groupBy(runs, ({ run }) => run.idempotencyKey))
    if (key !== null && ids.length > 1) violations.push(`key ${key} stands in ${String(ids.length)} runs of the store`);
  return violations;
}

/** A run has ended, and nothing of it is left open. */
function checkEnd({ run, invocations }: RunHistory): string[] {
  if (!isTerminal(run.state)) return [`${run.id} has no end: it is ${run.state}`];
  const violations: string[] = [];
  if (run.finishedAtMs === null) violations.push(`${run.id} is ${run.state} without a time of its end`);
  for (const { hook, state } of run.hooks)
    if (state === 'pending' || state === 'running')
      violations.push(`${run.id} has ended, its hook ${hook} is ${state}`);
  for (const { id, state, outcome } of invocations) {
    const isOpen = state === 'pending' || state === 'running';
    if (isOpen) violations.push(`${run.id} has ended, its invocation ${id} is ${state}`);
    else if (outcome === null) violations.push(`invocation ${id} is ${state} without an outcome`);
  }
  return violations;
}

/** One end per run and per invocation, the one that stands; claims with ever higher epochs. */
function checkEvents({ run, invocations, events }: RunHistory, isAtomic: boolean): string[] {
  const violations: string[] = [];
  const ends = events.filter(({ kind }) => kind === 'runFinished');
  if (ends.length > 1) violations.push(`${run.id} ended ${String(ends.length)} times`);
  if (ends.length === 0 && isAtomic) violations.push(`the end of ${run.id} is not among its events`);
  for (const { body } of ends)
    if (memberOf(body, 'state') !== run.state)
      violations.push(`${run.id} is ${run.state}, its event says ${String(memberOf(body, 'state'))}`);
  let epoch = -1;
  for (const { kind, body } of events) {
    if (kind !== 'runClaimed') continue;
    const claimed = Number(memberOf(body, 'epoch'));
    if (claimed <= epoch) violations.push(`${run.id} was claimed at epoch ${String(claimed)} after ${String(epoch)}`);
    epoch = Math.max(epoch, claimed);
  }
  if (epoch > run.epoch)
    violations.push(`${run.id} was claimed at epoch ${String(epoch)} and has ${String(run.epoch)}`);
  return [...violations, ...checkInvocationEvents(invocations, events, isAtomic)];
}

function checkInvocationEvents(
  invocations: RunHistory['invocations'],
  events: RunHistory['events'],
  isAtomic: boolean,
): string[] {
  const finished = events.filter(({ kind }) => kind === 'invocationFinished');
  return invocations.flatMap(({ id, state, outcome }) => {
    const ends = finished.filter(({ body }) => memberOf(body, 'invocationId') === id);
    if (ends.length > 1) return [`invocation ${id} ended ${String(ends.length)} times`];
    if (ends.length === 0) return isAtomic ? [`the end of invocation ${id} is not among the events of its run`] : [];
    const told = memberOf(ends[0]?.body, 'state');
    return told === state
      ? []
      : [`invocation ${id} is ${state} (${outcome?.code ?? '-'}), its event says ${String(told)}`];
  });
}

/** Epochs never decrease, and an end stays as it is. */
function checkSights({ sights, runs }: History): string[] {
  const last: Sight[] = runs.map(({ run }) => ({
    look: Number.POSITIVE_INFINITY,
    atMs: Number.POSITIVE_INFINITY,
    runId: run.id,
    epoch: run.epoch,
    losses: run.losses,
    state: run.state,
    finishedAtMs: run.finishedAtMs,
  }));
  const violations: string[] = [];
  for (const [runId, seen] of Map.groupBy([...sights, ...last], (sight) => sight.runId)) {
    const inOrder = seen.toSorted((a, b) => a.look - b.look);
    if (inOrder.at(-1)?.look !== Number.POSITIVE_INFINITY) violations.push(`${runId} was seen and is gone`);
    for (const [index, sight] of inOrder.entries()) {
      const before = inOrder[index - 1];
      if (before === undefined) continue;
      if (sight.epoch < before.epoch)
        violations.push(`the epoch of ${runId} fell from ${String(before.epoch)} to ${String(sight.epoch)}`);
      const isSame = sight.state === before.state && sight.finishedAtMs === before.finishedAtMs;
      if (isTerminal(before.state) && !isSame)
        violations.push(`${runId} was ${before.state} and became ${sight.state}`);
    }
  }
  return violations;
}

/** Held runs that a kill took. */
function vanishedOf({ answers, runs }: Pick<History, 'answers' | 'runs'>): ReadonlySet<string> {
  const standing = new Set<string>(runs.map(({ run }) => run.id));
  const isGone = (answer: History['answers'][number]): answer is Extract<typeof answer, { kind: 'accepted' }> =>
    answer.kind === 'accepted' && answer.isHeld === true && !standing.has(answer.runId);
  return new Set(answers.filter(isGone).map(({ runId }) => runId));
}

function memberOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}

function figuresOf({ answers, sights, runs, marks, decisions }: History): HistoryFigures {
  const invocations = runs.flatMap((one) => one.invocations);
  const keys = answers.flatMap((answer) => (answer.kind === 'accepted' ? [answer.key] : []));
  return {
    acceptedRuns: new Set(keys).size,
    states: countsOf(runs.map(({ run }) => run.state)),
    failures: countsOf(runs.flatMap(({ run }) => (run.failure === null ? [] : [run.failure.code]))),
    decided: decisions.filter(({ isAnswered }) => isAnswered).length,
    ticks: runs.filter(({ run }) => run.trigger === 'schedule').length,
    invocations: invocations.length,
    retried: invocations.filter(({ attempt }) => attempt > 1).length,
    succeeded: invocations.filter(({ outcome }) => outcome?.code === 'ok').length,
    declaredUnknown: invocations.filter(({ outcome }) => outcome?.code === 'lost').length,
    counted: marks.length,
    epochMax: Math.max(0, ...runs.map(({ run }) => run.epoch)),
    recoveredRuns: runs.filter(({ run }) => run.epoch > 1).length,
    vanishedRuns: vanishedOf({ answers, runs }).size,
    settledAfterDeathMs: spread(settleTimes(runs, sights)),
  };
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
