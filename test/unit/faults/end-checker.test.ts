// What the fault suite expects of each kind of run it asks for: each planted breach is told, and what a fault explains is not.
import { expect, test } from 'vitest';
import type { Invocation } from '../../../src/core/invocation.ts';
import type { StoredEvent } from '../../../src/core/ports/store.ts';
import type { Run } from '../../../src/core/run.ts';
import { checkEnds } from '../../support/faults/end-checker.ts';
import type { History, RunHistory } from '../../support/faults/history.ts';
import { buildInvocation, buildRun } from '../../support/store/build-records.ts';

type Told = readonly [kind: StoredEvent['kind'], hook: string];

function ended(
  run: Partial<Run>,
  invocations: readonly Partial<Invocation>[] = [],
  told: readonly Told[] = [],
): RunHistory {
  const whole = buildRun({ state: 'succeeded', epoch: 1, finishedAtMs: 9, hooks: [], ...run });
  const events = told.map(([kind, hook], index) => ({
    ...{ runId: whole.id, seq: index + 1, atMs: 1, kind },
    body: { hook, state: 'succeeded' },
  }));
  return { run: whole, invocations: invocations.map((one) => buildInvocation(whole.id, one)), events };
}

function failed(pipeline: string, code: string): RunHistory {
  return ended({ pipeline, state: 'failed', failure: { code, message: '', hook: null, plugin: null } });
}

function violationsOf(runs: readonly RunHistory[], changes: Partial<History> = {}): string {
  const history = { answers: [], sights: [], runs, marks: [], decisions: [], idempotent: new Set<string>() };
  return checkEnds({ ...history, areChainsAtomic: true, areMarksComplete: true, ...changes }).join('\n');
}

test('tells a run that succeeded against its plan, and a failure that no fault gives', () => {
  expect(violationsOf([failed('hopeless', 'plugin_error'), failed('hopeless', 'WORKER_LOST')])).toBe('');
  expect(violationsOf([ended({ pipeline: 'hopeless' })])).toContain('could only fail: plugin_error');
  expect(violationsOf([failed('flaky', 'WORKER_LOST'), ended({ pipeline: 'flaky' })])).toBe('');
  expect(violationsOf([failed('flaky', 'plugin_error')])).toContain('which no fault explains');
});

test('tells a join that did not wait for its branches', () => {
  const hook = (name: string, after: readonly string[]): Run['hooks'][number] => ({
    ...{ hook: name, after, state: 'succeeded', startedAtMs: 1, finishedAtMs: 2 },
  });
  const hooks = [hook('left', []), hook('right', []), hook('join', ['left', 'right'])];
  const started: Told = ['invocationStarted', 'join'];
  const [left, right]: readonly Told[] = [
    ['invocationFinished', 'left'],
    ['invocationFinished', 'right'],
  ];
  if (left === undefined || right === undefined) throw new Error('two branches');
  expect(violationsOf([ended({ hooks }, [], [left, right, started])])).toBe('');
  expect(violationsOf([ended({ hooks }, [], [left, started, right])])).toContain('join of');
  expect(violationsOf([ended({ hooks }, [], [left, started])])).toContain('began without a success of right');
  expect(violationsOf([ended({ hooks }, [], [left, started])], { areChainsAtomic: false })).toBe('');
});

test('tells items that are missing', () => {
  const ok = { outcome: { code: 'ok', message: '' } } as const;
  const items = [0, 1, 2].map((item) => ({ ...ok, item }));
  expect(violationsOf([ended({ pipeline: 'each' }, items)])).toBe('');
  expect(violationsOf([ended({ pipeline: 'each' }, items.slice(1))])).toContain('with the items 1, 2 of 3');
});

test('tells a decision that is lost, another one that stands, and a run that went on without one', () => {
  const decided = { decision: 'reject', by: 'api', atMs: 1, comment: null } as const;
  const approval = { askedAtMs: 1, timeoutAtMs: 9, decided };
  const hooks: Run['hooks'] = [{ hook: 'fork', state: 'failed', startedAtMs: 1, finishedAtMs: 2, approval }];
  const run = ended({ ...failed('asked', 'APPROVAL_REJECTED').run, hooks });
  const runId = run.run.id;
  const reject = { runId, decision: 'reject', isAnswered: true } as const;
  expect(violationsOf([run], { decisions: [reject] })).toBe('');
  expect(violationsOf([run])).toContain('which no fault explains');
  expect(violationsOf([run], { decisions: [{ ...reject, decision: 'approve' }] })).toContain('and reject stands');
  const open = ended({ ...run.run, hooks: [] });
  expect(violationsOf([open], { decisions: [reject] })).toContain('was answered and is lost');
  expect(violationsOf([open], { decisions: [{ ...reject, isAnswered: false }] })).toBe('');
  const mark = { invocationId: 'inv_x', runId, hook: 'fork', plugin: 'fork_again', item: null, attempt: 1 };
  expect(violationsOf([run], { decisions: [reject], marks: [mark] })).toContain('went on without an approval');
});

test('tells a tick without a run', () => {
  const at = (second: number): RunHistory =>
    ended({ pipeline: 'ticking', idempotencyKey: `schedule/often/2026-11-25T12:00:${String(second)}.000Z` });
  expect(violationsOf([at(30), at(10), at(20)])).toBe('');
  expect(violationsOf([at(10), at(30)])).toContain('no run for the ticks in the 20000 ms before');
});
