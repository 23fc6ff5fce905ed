// Every statement of the embedded store is served by an index: its cost must not grow with what is stored.
import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts';
import { type OperationName, type Perform, WRITES, createPerform } from '../../../src/adapters/sqlite/operations.ts';
import { encodeEvents } from '../../../src/adapters/sqlite/event-rows.ts';
import { INVOCATIONS, LOG_LINES, PIPELINE_VERSIONS, RUNS, SCHEDULES } from '../../../src/adapters/sqlite/records.ts';
import type { StoredEvent } from '../../../src/core/ports/store.ts';
import { Statements } from '../../../src/adapters/sqlite/statements.ts';
import { buildInvocation, buildLogLine, buildRun, buildSchedule, newRunId } from '../../support/store/build-records.ts';

const run = buildRun({ idempotencyKey: 'key' });
const invocation = buildInvocation(run.id);
const page = { states: null, pipeline: null, madeFrom: null, isOpenChild: false, limit: 5, after: null };
const logs = { runId: null, plugin: null, afterSeq: null, limit: 5 };
const guard = { states: ['queued', 'running'], epoch: 0, worker: null };
const schedule = buildSchedule();
const event = (seq: number): StoredEvent => ({ runId: run.id, seq, atMs: 1, kind: 'runQueued', body: {} });
const worker = { id: 'wrk', startedAtMs: 1, beatAtMs: 1 };
const pluginVersion = {
  id: 'p',
  plugin: 'p',
  contentHash: '',
  imageId: '',
  imageTag: '',
  manifest: '{}',
  createdAtMs: 1,
  lastUsedAtMs: null,
  imageRemovedAtMs: null,
  said: 'null',
};

const statePut = {
  ...{ plugin: 'p', key: 'k', json: '1', sizeBytes: 2, version: 'v', ifVersion: undefined },
  ...{ atMs: 1, keysMax: 10, bytesMax: 100 },
};

/** Every operation, with every form of its parameters that changes the SQL. */
const CALLS: readonly (readonly [OperationName, ...unknown[]])[] = [
  ['insertRun', RUNS.values(run)],
  ['insertRun', RUNS.values({ ...run, id: newRunId() })],
  ['findRun', run.id],
  ['findRunByKey', 'default', 'key'],
  ['updateRun', run.id, guard, ['priority', [1]]],
  ['updateRun', run.id, { states: ['queued'] }, ['', []]],
  ['updateRun', run.id, { states: ['waiting'], epoch: 0, readyAtMs: 1 }, ['readyAtMs', [2]]],
  ['listRuns', page],
  ['listRuns', { ...page, after: run.id }],
  ['listRuns', { ...page, madeFrom: run.id }],
  ['listRuns', { ...page, madeFrom: run.id, after: run.id }],
  ['listRuns', { ...page, isOpenChild: true }],
  ['listRuns', { ...page, isOpenChild: true, after: run.id }],
  ['listRuns', { ...page, states: ['queued', 'failed'] }],
  ['listRuns', { ...page, states: ['queued'], after: run.id }],
  ['listRuns', { ...page, pipeline: 'default' }],
  ['listRuns', { ...page, pipeline: 'default', after: run.id }],
  ['listRuns', { ...page, pipeline: 'default', states: ['queued'], after: run.id }],
  ['claimRuns', { worker: 'wrk', limit: 2, nowMs: 5000, pipelines: ['default', 'other'] }],
  ['takePlace', 'default', 'key', run.id, 2],
  ['takePlace', 'default', 'key', run.id, 2],
  ['placeHolders', 'default', 'key'],
  ['listHeld', '', '', 5],
  ['listWaiting', 'default', 'key', 5],
  ['listWanted', '', '', 5],
  ['admitRun', run.id, 0],
  ['runStates', [run.id]],
  ['releasePlace', 'default', 'key', run.id],
  ['countQueued', 'default', 5],
  ['countRuns', null, null],
  ['countRuns', ['queued'], 'default'],
  ['insertInvocation', INVOCATIONS.values(invocation)],
  ['keepInvocation', INVOCATIONS.values(invocation)],
  ['writeAll', [[['keepInvocation', [INVOCATIONS.values(invocation)]]]]],
  ['updateInvocation', invocation.id, ['running'], ['state', ['failed']]],
  ['listInvocations', run.id],
  ['putPayload', run.id, 'data', '{}'],
  ['putPayload', run.id, 'data', '{}'],
  ['findPayload', run.id, 'data'],
  ['appendEvents', encodeEvents([event(1), event(2)])],
  ['appendEvents', encodeEvents([event(2), event(3)])],
  ['listEvents', run.id, 0, 5],
  ['lastEventSeq', run.id],
  ['appendLogs', [LOG_LINES.values(buildLogLine(run.id, 'line'))]],
  ['listLogs', logs],
  ['listLogs', { ...logs, runId: run.id }],
  ['listLogs', { ...logs, plugin: 'sample', afterSeq: 0 }],
  ['listLogs', { ...logs, runId: run.id, plugin: 'sample', afterSeq: 0 }],
  ['putPluginVersion', pluginVersion],
  ['updatePluginVersion', 'p', { lastUsedAtMs: 2 }],
  ['listPluginVersions', 'p'],
  [
    'putPipelineVersion',
    PIPELINE_VERSIONS.encode({ name: 'n', version: 'v', author: 'a', definition: {}, createdAtMs: 1 }),
  ],
  ['listPipelineVersions', 'n'],
  ['putState', statePut],
  ['putState', { ...statePut, version: 'w', sizeBytes: 9 }],
  ['getState', 'p', 'k'],
  ['listState', 'p', { prefix: '', after: '', limit: 5 }],
  ['deleteState', 'p', 'k', 'w'],
  ['putWorker', worker],
  ['listWorkers'],
  ['removeWorker', 'wrk'],
  ['insertSchedule', SCHEDULES.encode(schedule)],
  ['replaceSchedule', SCHEDULES.encode({ ...schedule, revision: 1 })],
  ['listSchedules'],
  ['findSchedule', schedule.id],
  ['removeSchedule', schedule.id, 1],
  ['listNames', 'runs', '', 5],
  ['listNames', 'plugin', '', 5],
  ['listNames', 'pipeline', '', 5],
  ['listEndedRuns', { pipeline: 'default', endedBeforeMs: 1e12, after: '', bound: 'run_z', limit: 5 }],
  ['updateRun', run.id, { states: ['queued', 'running'] }, ['state', ['failed']]],
  ...(['logs', 'artifacts'] as const).flatMap((part) =>
    [true, false].map((isDryRun) => ['removePart', { runId: run.id, part, limit: 5, isDryRun }] as const),
  ),
  ['removeRun', run.id, 50],
  ['removeLogs', { beforeMs: 1e12, afterSeq: 0, limit: 5, isDryRun: false }],
  ['listOldVersions', { of: 'plugin', name: 'p', keep: 1, createdBeforeMs: 1e12, limit: 5 }],
  ['listOldVersions', { of: 'pipeline', name: 'n', keep: 1, createdBeforeMs: 1e12, limit: 5 }],
  ['removeVersions', 'plugin', ['p']],
  ['removeVersions', 'pipeline', ['1']],
  ['ping'],
  ['describe'],
];

const READS: readonly OperationName[] = [
  ...(['findRun', 'findRunByKey', 'listRuns', 'countQueued', 'countRuns', 'listInvocations'] as const),
  ...(['findPayload', 'listEvents', 'lastEventSeq', 'listLogs', 'listPluginVersions', 'listPipelineVersions'] as const),
  ...(['listWorkers', 'listSchedules', 'findSchedule', 'describe'] as const),
  ...(['placeHolders', 'listHeld', 'listWaiting', 'listWanted', 'runStates'] as const),
  ...(['getState', 'listState'] as const),
  ...(['listWorkers', 'listNames', 'listEndedRuns', 'listOldVersions', 'describe'] as const),
];

function performAll(perform: Perform): void {
  for (const [name, ...parameters] of CALLS) perform(name, parameters);
}

it('tries every operation', () => {
  expect(new Set(CALLS.map(([name]) => name))).toEqual(new Set([...WRITES, ...READS]));
});

it('serves every statement by an index, without a scan of a table and without sorting it', () => {
  using database = openDatabase(':memory:');
  const statements = new Statements(database);
  performAll(createPerform(statements));
  const scans = statements.texts.flatMap((text) => {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all();
    return plan
      .map(({ detail }) => String(detail))
      .filter((detail) => /\bSCAN\b|TEMP B-TREE/.test(detail))
      .map((detail) => ({ text, detail }));
  });
  // Allowed: there are never more workers than processes, nor schedules than declared; a bounded subquery is counted; lists without a filter walk the primary key and stop at their limit.
  const isAllowed = ({ text, detail }: { text: string; detail: string }): boolean =>
    text.includes('FROM workers') ||
    text.includes('FROM schedules') ||
    detail === 'SCAN CONSTANT ROW' ||
    detail === 'SCAN (subquery-1)' ||
    (text.startsWith('SELECT id FROM runs ') && detail === 'SCAN runs USING COVERING INDEX sqlite_autoindex_runs_1');
  expect(scans.filter((scan) => !isAllowed(scan))).toEqual([]);
});

it('would see a scan', () => {
  using database = openDatabase(':memory:');
  const plan = database.prepare('EXPLAIN QUERY PLAN SELECT id FROM runs WHERE requestHash = 1').all();
  expect(String(plan[0]?.['detail'])).toMatch(/\bSCAN\b/);
});
