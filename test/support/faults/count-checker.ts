// Holds what the plugins did, counted outside, against what the program says of it: each success was counted once, whatever else was counted
// is declared (`lost`, cancelled, timed out, …), and what may not be called twice was not.
import type { Invocation } from '../../../src/core/invocation.ts';
import type { History, Mark } from './history.ts';

/** Ends that the plugin gave itself. */
const ANSWERED: ReadonlySet<string> = new Set(['ok', 'plugin_error']);
/** Ends of which the plugin may or may not have had its input: the count may be 0 or 1. */
const OPEN_OUTCOMES: ReadonlySet<string> = new Set(['lost', 'cancelled', 'timeout', 'engine', 'crash']);

export function checkCounts(whole: History): string[] {
  const history = withoutHeld(whole);
  return [...checkEachInvocation(history), ...checkEachPlugin(history), ...checkTotal(history)];
}

/** What a held run did may have been forgotten with the memory that held it: only what may be repeated is called by one. */
function withoutHeld(history: History): History {
  const stored = new Set<string>(history.runs.flatMap(({ run }) => (run.durability === 'stored' ? [run.id] : [])));
  const held = new Set(
    history.answers.flatMap((one) => (one.kind === 'accepted' && one.isHeld === true ? [one.runId] : [])),
  );
  const standing = new Set<string>(history.runs.map(({ run }) => run.id));
  const isHeld = (runId: string): boolean => held.has(runId) || (standing.has(runId) && !stored.has(runId));
  return {
    ...history,
    runs: history.runs.filter(({ run }) => !isHeld(run.id)),
    marks: history.marks.filter(({ runId }) => !isHeld(runId)),
  };
}

function checkEachInvocation({ runs, marks, areMarksComplete }: History): string[] {
  const invocations = new Map<string, Invocation>(
    runs.flatMap((one) => one.invocations).map((invocation) => [invocation.id, invocation]),
  );
  const counted = Map.groupBy(marks, ({ invocationId }) => invocationId);
  const violations = [...counted].flatMap(([id, seen]) => checkActs(id, seen, invocations.get(id)));
  for (const [id, { outcome }] of invocations)
    if (areMarksComplete && outcome !== null && ANSWERED.has(outcome.code) && !counted.has(id))
      violations.push(`invocation ${id} is ${outcome.code} and never acted`);
  return violations;
}

function checkActs(id: string, seen: readonly Mark[], invocation: Invocation | undefined): string[] {
  const violations: string[] = [];
  if (seen.length > 1) violations.push(`invocation ${id} was given its input ${String(seen.length)} times`);
  if (invocation === undefined)
    return [...violations, `invocation ${id} of ${String(seen[0]?.runId)} acted and has no record`];
  const { startedAtMs, outcome } = invocation;
  if (startedAtMs === null) violations.push(`invocation ${id} acted, its record says that it was given no input`);
  else if (outcome !== null && !isCountable(outcome.code))
    violations.push(`invocation ${id} acted and ended as ${outcome.code}`);
  return violations;
}

function isCountable(code: string): boolean {
  return ANSWERED.has(code) || OPEN_OUTCOMES.has(code);
}

/** Per plugin in a hook of a run: at most one success, and beside failures that it told at most one delivery unless it may be repeated. */
function checkEachPlugin({ runs, marks, idempotent }: History): string[] {
  const violations: string[] = [];
  const place = ({ runId, hook, plugin, item }: Pick<Mark, 'runId' | 'hook' | 'plugin' | 'item'>): string =>
    `${plugin} in ${hook}${item === null ? '' : `[${String(item)}]`} of ${runId}`;
  const invocations = runs.flatMap((one) => one.invocations);
  const failed = new Set<string>(invocations.flatMap((one) => (one.outcome?.code === 'plugin_error' ? [one.id] : [])));
  const unfailed = marks.filter(({ invocationId }) => !failed.has(invocationId));
  for (const [where, seen] of Map.groupBy(unfailed, place))
    if (seen.length > 1 && !idempotent.has(seen[0]?.plugin ?? ''))
      violations.push(`${where} acted ${String(seen.length)} times and may only once`);
  for (const [where, all] of Map.groupBy(invocations, place)) {
    const successes = all.filter(({ outcome }) => outcome?.code === 'ok').length;
    if (successes > 1) violations.push(`${where} was committed ${String(successes)} times`);
    const delivered = all.filter(({ startedAtMs }) => startedAtMs !== null);
    const attempts = new Set(delivered.map(({ attempt }) => attempt));
    if (attempts.size < delivered.length) violations.push(`${where} was given its input twice in one attempt`);
  }
  return violations;
}

/** answers ≤ counted ≤ answers + declared unknowns */
function checkTotal({ runs, marks, areMarksComplete }: History): string[] {
  const codes = runs.flatMap(({ invocations }) => invocations.map(({ outcome }) => outcome?.code ?? 'none'));
  const answers = codes.filter((code) => ANSWERED.has(code)).length;
  const unknown = codes.filter((code) => OPEN_OUTCOMES.has(code)).length;
  if ((marks.length >= answers || !areMarksComplete) && marks.length <= answers + unknown) return [];
  return [`${String(marks.length)} acts against ${String(answers)} answers and ${String(unknown)} declared unknowns`];
}
