// Which fields of each stored record are plain columns, and which are JSON text.
import type {
  StoredLogLine,
  PipelineVersionRecord,
  PluginVersionRecord,
  WorkerRecord,
} from '../../core/ports/store.ts';
import type { ScheduleRecord } from '../../core/ports/schedule-store.ts';
import type { LogLine } from '../../core/events.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { Run } from '../../core/run.ts';
import { RecordMap } from './record-map.ts';

export const RUNS = new RecordMap<Run>('runs', {
  id: 'plain',
  pipeline: 'plain',
  pipelineVersion: 'plain',
  trigger: 'plain',
  source: 'plain',
  lineage: 'json',
  tags: 'json',
  skipTags: 'json',
  concurrencyKey: 'plain',
  needsPlace: 'json',
  durability: 'plain',
  state: 'plain',
  epoch: 'plain',
  losses: 'plain',
  worker: 'plain',
  part: 'plain',
  priority: 'plain',
  readyAtMs: 'plain',
  createdAtMs: 'plain',
  startedAtMs: 'plain',
  finishedAtMs: 'plain',
  deadlineAtMs: 'plain',
  cancelRequestedAtMs: 'plain',
  decisions: 'json',
  params: 'json',
  idempotencyKey: 'plain',
  requestHash: 'plain',
  hooks: 'json',
  verdict: 'json',
  failure: 'json',
  warnings: 'json',
});

export const INVOCATIONS = new RecordMap<Invocation>('invocations', {
  id: 'plain',
  runId: 'plain',
  pipeline: 'plain',
  hook: 'plain',
  hookIndex: 'plain',
  plugin: 'plain',
  pluginVersion: 'plain',
  order: 'plain',
  attempt: 'plain',
  item: 'plain',
  state: 'plain',
  outcome: 'json',
  warnings: 'json',
  sandboxId: 'plain',
  sandboxKind: 'plain',
  cleanliness: 'plain',
  transport: 'plain',
  createdAtMs: 'plain',
  startedAtMs: 'plain',
  finishedAtMs: 'plain',
  phases: 'json',
  usage: 'json',
  reported: 'json',
  retryAtMs: 'plain',
  resultPayload: 'plain',
});

const LOG_LINE = {
  runId: 'plain',
  invocationId: 'plain',
  pipeline: 'plain',
  hook: 'plain',
  plugin: 'plain',
  level: 'plain',
  message: 'plain',
  atMs: 'plain',
} as const;

/** as it is written: the store numbers it */
export const LOG_LINES = new RecordMap<LogLine>('logs', LOG_LINE);
export const LOGS = new RecordMap<StoredLogLine>('logs', { seq: 'plain', ...LOG_LINE });

export const PLUGIN_VERSIONS = new RecordMap<PluginVersionRecord>('pluginVersions', {
  id: 'plain',
  plugin: 'plain',
  contentHash: 'plain',
  imageId: 'plain',
  imageTag: 'plain',
  manifest: 'json',
  createdAtMs: 'plain',
  lastUsedAtMs: 'plain',
  imageRemovedAtMs: 'plain',
  said: 'json',
});

export const PIPELINE_VERSIONS = new RecordMap<PipelineVersionRecord>('pipelineVersions', {
  name: 'plain',
  version: 'plain',
  author: 'plain',
  definition: 'json',
  createdAtMs: 'plain',
});

export const SCHEDULES = new RecordMap<ScheduleRecord>('schedules', {
  id: 'plain',
  pipeline: 'plain',
  name: 'plain',
  timing: 'plain',
  decidedAtMs: 'plain',
  nextAtMs: 'plain',
  startingAtMs: 'plain',
  startingBy: 'plain',
  startingSinceMs: 'plain',
  lastTickAtMs: 'plain',
  lastRunId: 'plain',
  pausedAtMs: 'plain',
  pausedBy: 'plain',
  revision: 'plain',
});

export const WORKERS = new RecordMap<WorkerRecord>('workers', {
  id: 'plain',
  startedAtMs: 'plain',
  beatAtMs: 'plain',
});
