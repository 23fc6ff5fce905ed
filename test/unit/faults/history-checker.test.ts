// The checker of the fault suite is only worth what it catches: a sound history passes, and each planted breach of a promise is told.
import { expect, test } from 'vitest';
import type { Invocation } from '../../../src/core/invocation.ts';
import type { Outcome } from '../../../src/core/outcome.ts';
import type { StoredEvent } from '../../../src/core/ports/store.ts';
import type { Run } from '../../../src/core/run.ts';
import { checkHistory } from '../../support/faults/history-checker.ts';
import type { History, Mark, RunHistory } from '../../support/faults/history.ts';
import { buildInvocation, buildRun } from '../../support/store/build-records.ts';

const OK: Outcome = { code: 'ok', message: '' };
const LOST: Outcome = { code: 'lost', message: 'unknown' };
const FAILED: Outcome = { code: 'plugin_error', message: 'no', pluginCode: 'NO', isRetryable: true };

interface Planted {
  readonly run?: Partial<Run>;
  readonly invocations?: readonly Partial<Invocation>[];
  /** by kind, with what the bodies say besides */
  readonly events?: readonly { readonly kind: StoredEvent['kind']; readonly body: Record<string, string | number> }[];
}

function ended(planted: Planted = {}): RunHistory {
  const run = buildRun({
    state: 'succeeded',
    epoch: 1,
    finishedAtMs: 9,
    hooks: [{ hook: 'fetch', state: 'succeeded', startedAtMs: 1, finishedAtMs: 8 }],
    ...planted.run,
  });
  const invocations = (planted.invocations ?? [{}]).map((changes) =>
    buildInvocation(run.id, { state: 'succeeded', outcome: OK, finishedAtMs: 8, ...changes }),
  );
  const events = planted.events ?? [
    { kind: 'runClaimed' as const, body: { epoch: 1 } },
    ...invocations.map(({ id, state }) => ({
      kind: 'invocationFinished' as const,
      body: { invocationId: id, state },
    })),
    { kind: 'runFinished' as const, body: { state: run.state } },
  ];
  return {
    run,
    invocations,
    events: events.map(({ kind, body }, index) => ({ runId: run.id, seq: index + 1, atMs: 1, kind, body })),
  };
}

function markOf({ id, runId, hook, plugin, item, attempt }: Invocation): Mark {
  return { invocationId: id, runId, hook, plugin, item, attempt };
}

/** A history in which every invocation of the given runs acted once. */
function historyOf(runs: readonly RunHistory[], changes: Partial<History> = {}): History {
  return {
    answers: runs.map(({ run }, index) => ({ kind: 'accepted', key: `k${String(index)}`, runId: run.id })),
    sights: [],
    runs,
    marks: runs.flatMap(({ invocations }) => invocations.map(markOf)),
    decisions: [],
    idempotent: new Set(),
    areChainsAtomic: true,
    areMarksComplete: true,
    ...changes,
  };
}

function violationsOf(history: History): string {
  return checkHistory(history).violations.join('\n');
}

test('passes a history in which runs succeeded, were lost, and were taken up again', () => {
  const lost = ended({
    run: { state: 'failed' },
    invocations: [{ state: 'failed', outcome: LOST }],
  });
  const again = ended({
    run: { epoch: 3 },
    invocations: [
      { state: 'failed', outcome: LOST, plugin: 'again' },
      { plugin: 'again', attempt: 2 },
    ],
  });
  const history = historyOf([ended(), lost, again], { idempotent: new Set(['again']) });
  expect(checkHistory(history)).toMatchObject({
    violations: [],
    figures: { acceptedRuns: 3, succeeded: 2, declaredUnknown: 2, counted: 4, recoveredRuns: 1, epochMax: 3 },
  });
});

test('finds an accepted run that is gone, open, or there twice', () => {
  const one = ended();
  const gone = { kind: 'accepted', key: 'x', runId: 'run_gone' } as const;
  expect(violationsOf(historyOf([one], { answers: [gone] }))).toContain(
    'run_gone was accepted and is not in the store',
  );
  expect(violationsOf(historyOf([ended({ run: { state: 'running', finishedAtMs: null } })]))).toContain('has no end');
  const twice = [one, ended()].map(({ run }) => ({ kind: 'accepted', key: 'x', runId: run.id }) as const);
  expect(violationsOf(historyOf([one], { answers: twice }))).toContain('key x made 2 runs');
  const keyed = { run: { idempotencyKey: 'x' } };
  expect(violationsOf(historyOf([ended(keyed), ended(keyed)]))).toContain('key x stands in 2 runs');
});

test('lets a run vanish that was only held in memory, with what it did', () => {
  const held = ended({ run: { durability: 'queued' }, invocations: [{ state: 'failed', outcome: LOST }, {}] });
  const answers = ['run_gone', 'run_new'].map(
    (runId) => ({ kind: 'accepted', key: 'x', runId, isHeld: true }) as const,
  );
  const gone: Mark = {
    invocationId: 'inv_x',
    runId: 'run_gone',
    hook: 'fetch',
    plugin: 'sample',
    item: null,
    attempt: 1,
  };
  const { violations, figures } = checkHistory(historyOf([held], { answers, marks: [gone] }));
  expect(violations).toEqual([]);
  expect(figures.vanishedRuns).toBe(2);
});

test('finds what was left open behind the end of a run', () => {
  const hooks: Run['hooks'] = [{ hook: 'fetch', state: 'running', startedAtMs: 1, finishedAtMs: null }];
  expect(violationsOf(historyOf([ended({ run: { hooks } })]))).toContain('its hook fetch is running');
  const open = ended({ invocations: [{ state: 'running', outcome: null }] });
  expect(violationsOf(historyOf([open]))).toMatch(/its invocation inv_\w+ is running/);
});

test('finds a second end of a run or of an invocation, and one that differs from the record', () => {
  const end = { kind: 'runFinished', body: { state: 'succeeded' } } as const;
  expect(violationsOf(historyOf([ended({ invocations: [], events: [end, end] })]))).toContain('ended 2 times');
  expect(violationsOf(historyOf([ended({ invocations: [], events: [] })]))).toContain('is not among its events');
  const other = ended({ invocations: [], events: [{ kind: 'runFinished', body: { state: 'failed' } }] });
  expect(violationsOf(historyOf([other]))).toContain('is succeeded, its event says failed');

  const one = ended();
  const ofInvocation = one.events.filter(({ kind }) => kind === 'invocationFinished');
  const again = { ...one, events: [...one.events, ...ofInvocation] };
  expect(violationsOf(historyOf([again]))).toMatch(/invocation inv_\w+ ended 2 times/);
  const without = { ...one, events: one.events.filter(({ kind }) => kind !== 'invocationFinished') };
  expect(violationsOf(historyOf([without]))).toContain('is not among the events of its run');
  expect(violationsOf(historyOf([without], { areChainsAtomic: false }))).toBe('');
});

test('finds an epoch that falls, in the claims and between two looks, and an end that does not stay', () => {
  const claims = [2, 1].map((epoch) => ({ kind: 'runClaimed', body: { epoch } }) as const);
  const end = { kind: 'runFinished', body: { state: 'succeeded' } } as const;
  const claimed = ended({ run: { epoch: 2 }, invocations: [], events: [...claims, end] });
  expect(violationsOf(historyOf([claimed]))).toContain('was claimed at epoch 1 after 2');

  const one = ended();
  const sight = {
    look: 1,
    atMs: 3,
    runId: one.run.id,
    epoch: 1,
    losses: 0,
    state: 'running',
    finishedAtMs: null,
  } as const;
  expect(violationsOf(historyOf([one], { sights: [sight] }))).toBe('');
  expect(violationsOf(historyOf([one], { sights: [{ ...sight, epoch: 2 }] }))).toContain('fell from 2 to 1');
  const failed = { ...sight, state: 'failed', finishedAtMs: 4 } as const;
  expect(violationsOf(historyOf([one], { sights: [failed] }))).toContain('was failed and became succeeded');
  expect(violationsOf(historyOf([one], { sights: [{ ...sight, runId: 'run_x' }] }))).toContain('was seen and is gone');
});

test('finds a double commit, a second delivery, and an act of which the program knows nothing', () => {
  const two = ended({ invocations: [{}, { attempt: 2 }] });
  expect(violationsOf(historyOf([two], { idempotent: new Set(['sample']) }))).toContain('was committed 2 times');
  const repeated = ended({ invocations: [{ state: 'failed', outcome: LOST }, { attempt: 2 }] });
  expect(violationsOf(historyOf([repeated]))).toContain('acted 2 times and may only once');
  expect(violationsOf(historyOf([repeated], { idempotent: new Set(['sample']) }))).toBe('');

  const one = ended();
  const marks = one.invocations.map(markOf);
  expect(violationsOf(historyOf([one], { marks: [...marks, ...marks] }))).toContain('was given its input 2 times');
  expect(violationsOf(historyOf([one], { marks: [] }))).toContain('is ok and never acted');
  expect(violationsOf(historyOf([one], { marks: [], areMarksComplete: false }))).toBe('');
  const stranger = { ...marks[0], invocationId: 'inv_x', hook: 'other' } as Mark;
  expect(violationsOf(historyOf([one], { marks: [...marks, stranger] }))).toContain('acted and has no record');
  const unsent = ended({
    invocations: [{ startedAtMs: null, state: 'cancelled', outcome: { code: 'cancelled', message: '' } }],
  });
  expect(violationsOf(historyOf([unsent]))).toContain('its record says that it was given no input');
  const same = ended({ invocations: [{ state: 'failed', outcome: LOST }, {}] });
  expect(violationsOf(historyOf([same], { idempotent: new Set(['sample']) }))).toContain('twice in one attempt');
});

test('tells how long a run took after the death of its program, beyond the waits that it was told to make', () => {
  const sight = { look: 1, atMs: 1_000, epoch: 1, losses: 0, state: 'running', finishedAtMs: null } as const;
  const taken = ended({ run: { epoch: 2, losses: 1, finishedAtMs: 1_700 } });
  const waited = ended({
    run: { epoch: 2, losses: 1, finishedAtMs: 9_300 },
    invocations: [{ state: 'failed', outcome: FAILED, retryAtMs: 9_000 }, { attempt: 2 }],
  });
  const others = ended({ run: { finishedAtMs: 5_000 } });
  const again = ended({ run: { epoch: 3, losses: 2, finishedAtMs: 4_200 } });
  const runs = [taken, waited, others, again];
  const sights = runs.map(({ run }) => ({ ...sight, runId: run.id }));
  const second = { ...sight, look: 2, atMs: 4_000, epoch: 2, losses: 1, runId: again.run.id };
  const { figures } = checkHistory(historyOf(runs, { sights: [...sights, second] }));
  expect(figures.settledAfterDeathMs).toMatchObject({ count: 3, p50Ms: 300, maxMs: 700 });
});
