// Runs of any age in a store, each with everything that a run can leave behind, and a sweeper over them.
import { randomBytes } from 'node:crypto';
import type { DomainEvent } from '../../../src/core/events.ts';
import { formatId, type RunId } from '../../../src/core/ids.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import type { RunState } from '../../../src/core/run.ts';
import { isTerminal } from '../../../src/core/run.ts';
import {
  RecordSweeper,
  type RecordRules,
  type RecordSweeperOptions,
} from '../../../src/pipeline/retention/record-sweeper.ts';
import { buildInvocation, buildLogLine, buildRun, patient, testClock } from '../store/build-records.ts';

export const DAY_MS = 86_400_000;
export const RULES: RecordRules = {
  keepForMs: 30 * DAY_MS,
  keepRuns: 1_000,
  keepLogsForMs: 365 * DAY_MS,
  keepArtifactsForMs: 365 * DAY_MS,
  keepVersions: 2,
};

/** A sweeper whose pauses last no time. */
export function recordSweeper(
  store: Store,
  rules: Partial<RecordRules> = {},
  options: Partial<RecordSweeperOptions> = {},
): { readonly sweeper: RecordSweeper; readonly events: DomainEvent[] } {
  const events: DomainEvent[] = [];
  const clock = {
    nowMs: () => testClock.nowMs(),
    wallMs: () => testClock.wallMs(),
    monotonicMs: () => testClock.monotonicMs(),
    sleep: (_: number, signal?: AbortSignal) => testClock.sleep(0, signal),
    deadline: (durationMs: number) => testClock.deadline(durationMs),
  };
  const sweeper = new RecordSweeper({
    ...{ store, clock, rules: { ...RULES, ...rules }, storeTimeoutMs: 60_000 },
    events: { emit: (event) => void events.push(event) },
    ...options,
  });
  return { sweeper, events };
}

/** A run made so many days ago, ended a second later if its state says so. */
export async function putRun(
  store: Store,
  pipeline: string,
  daysAgo: number,
  state: RunState = 'succeeded',
): Promise<RunId> {
  const createdAtMs = Math.round(testClock.nowMs() - daysAgo * DAY_MS);
  const id = formatId('run', createdAtMs, randomBytes(10));
  const finishedAtMs = isTerminal(state) ? createdAtMs + 1_000 : null;
  await store.insertRun(buildRun({ id, pipeline, state, createdAtMs, finishedAtMs }), patient());
  return id;
}

/** Log lines, events, invocations, payloads of one piece and of several. */
export async function fillRun(store: Store, runId: RunId, lines = 3): Promise<void> {
  const texts = Array.from({ length: lines }, (_, index) => `line ${String(index)}`);
  await store.appendLogs(
    texts.map((text) => ({ ...buildLogLine(runId, text), atMs: testClock.nowMs() })),
    patient(),
  );
  const events = [1, 2, 3].map((seq) => ({ runId, seq, atMs: 1, kind: 'runQueued' as const, body: {} }));
  await store.appendEvents(events, patient());
  await store.insertInvocation(buildInvocation(runId), patient());
  await store.putPayload(runId, 'data', '{}', patient());
  await store.putPayload(runId, 'results', JSON.stringify('x'.repeat(600 * 1024)), patient());
}

/** Nothing is left over of what this removes. */
export function belongingsOf(
  removeOfRun: (id: RunId) => Promise<boolean>,
): NonNullable<RecordSweeperOptions['belongings']> {
  return { removeOfRun, tidy: () => Promise.resolve() };
}
