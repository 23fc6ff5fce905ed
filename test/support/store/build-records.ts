// Records for store tests: valid by default, changed where a test cares. Every call has its own ids, so that tests can share a store.
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { LogLine } from '../../../src/core/events.ts';
import type { RunId, WorkerId } from '../../../src/core/ids.ts';
import type { Invocation } from '../../../src/core/invocation.ts';
import type { ScheduleRecord } from '../../../src/core/ports/schedule-store.ts';
import type { StoreOptions } from '../../../src/core/ports/store.ts';
import type { Run } from '../../../src/core/run.ts';

export const testClock = new SystemClock();
const ids = new SystemIds();
let names = 0;

/** A deadline that only a hung store misses. */
export function patient(): StoreOptions {
  return { signal: AbortSignal.timeout(120_000) };
}

/** A name that no other test uses. */
export function freshName(word: string): string {
  names += 1;
  return `${word}_${String(process.pid)}_${String(names)}`;
}

export function newRunId(): RunId {
  return ids.newId('run');
}

export function newWorkerId(): WorkerId {
  return ids.newId('wrk');
}

/** A queued run that is ready. */
export function buildRun(changes: Partial<Run> = {}): Run {
  return {
    id: newRunId(),
    pipeline: 'default',
    pipelineVersion: 'a1b2c3',
    trigger: 'api',
    source: null,
    lineage: null,
    tags: [],
    skipTags: [],
    concurrencyKey: null,
    needsPlace: false,
    verdict: null,
    durability: 'stored',
    state: 'queued',
    epoch: 0,
    losses: 0,
    worker: null,
    part: 7,
    priority: 0,
    readyAtMs: 1000,
    createdAtMs: 1000,
    startedAtMs: null,
    finishedAtMs: null,
    deadlineAtMs: null,
    cancelRequestedAtMs: null,
    decisions: [],
    params: {},
    idempotencyKey: null,
    requestHash: 'hash',
    hooks: [{ hook: 'fetch', state: 'pending', startedAtMs: null, finishedAtMs: null }],
    failure: null,
    warnings: [],
    ...changes,
  };
}

export function buildInvocation(runId: RunId, changes: Partial<Invocation> = {}): Invocation {
  return {
    id: ids.newId('inv'),
    runId,
    pipeline: 'default',
    hook: 'fetch',
    hookIndex: 0,
    plugin: 'sample',
    pluginVersion: 'sample@1.0.0+0123456789ab',
    order: 100,
    attempt: 1,
    item: null,
    state: 'running',
    outcome: null,
    warnings: [],
    sandboxId: null,
    sandboxKind: null,
    cleanliness: null,
    transport: null,
    createdAtMs: 1000,
    startedAtMs: 1001,
    finishedAtMs: null,
    phases: null,
    usage: null,
    reported: null,
    retryAtMs: null,
    resultPayload: null,
    ...changes,
  };
}

/** A schedule whose first tick is yet to come. */
export function buildSchedule(changes: Partial<ScheduleRecord> = {}): ScheduleRecord {
  const name = freshName('nightly');
  return {
    id: `default/${name}`,
    pipeline: 'default',
    name,
    timing: '0 3 * * * UTC',
    decidedAtMs: 1000,
    nextAtMs: 5000,
    startingAtMs: null,
    startingBy: null,
    startingSinceMs: null,
    lastTickAtMs: null,
    lastRunId: null,
    pausedAtMs: null,
    pausedBy: null,
    revision: 0,
    ...changes,
  };
}

export function buildLogLine(runId: RunId | null, message: string, plugin = 'sample'): LogLine {
  return { runId, invocationId: null, pipeline: 'default', hook: 'fetch', plugin, level: 'info', message, atMs: 1000 };
}
