// The fields of each stored record, and which of them are JSON text.
import type { Invocation } from '../../core/invocation.ts';
import type { PipelineVersionRecord, PluginVersionRecord, StoredEvent, StoredLogLine } from '../../core/ports/store.ts';
import type { ScheduleRecord } from '../../core/ports/schedule-store.ts';
import type { Run } from '../../core/run.ts';
import { DocumentMap } from './document-map.ts';

export const RUNS = new DocumentMap<Run>(
  [
    ...(['id', 'pipeline', 'pipelineVersion', 'trigger', 'state', 'epoch', 'worker', 'part', 'priority'] as const),
    ...(['readyAtMs', 'createdAtMs', 'startedAtMs', 'finishedAtMs', 'deadlineAtMs', 'cancelRequestedAtMs'] as const),
    ...(['params', 'idempotencyKey', 'requestHash', 'hooks', 'failure', 'warnings'] as const),
    ...(['durability', 'source', 'lineage', 'tags', 'skipTags', 'concurrencyKey', 'needsPlace', 'verdict'] as const),
    ...(['losses', 'decisions'] as const),
  ],
  ['params', 'decisions', 'hooks', 'failure', 'warnings', 'lineage', 'tags', 'skipTags', 'verdict'],
  'id',
  // Runs of the first release do not say them.
  { durability: 'stored', tags: [], skipTags: [], needsPlace: false, losses: 0, decisions: [] },
);

export const INVOCATIONS = new DocumentMap<Invocation>(
  [
    ...(['id', 'runId', 'pipeline', 'hook', 'hookIndex', 'plugin', 'pluginVersion', 'order', 'attempt'] as const),
    ...(['state', 'outcome', 'warnings', 'sandboxId', 'sandboxKind', 'cleanliness', 'transport'] as const),
    ...([
      'createdAtMs',
      'startedAtMs',
      'finishedAtMs',
      'phases',
      'usage',
      'reported',
      'retryAtMs',
      'resultPayload',
      'item',
    ] as const),
  ],
  ['outcome', 'warnings', 'phases', 'usage', 'reported'],
  'id',
);

export const EVENTS = new DocumentMap<StoredEvent>(['runId', 'seq', 'atMs', 'kind', 'body'], ['body'], null);

export const LOGS = new DocumentMap<StoredLogLine>(
  ['seq', 'runId', 'invocationId', 'pipeline', 'hook', 'plugin', 'level', 'message', 'atMs'],
  [],
  null,
);

export const PLUGIN_VERSIONS = new DocumentMap<PluginVersionRecord>(
  [
    ...(['id', 'plugin', 'contentHash', 'imageId', 'imageTag', 'manifest', 'createdAtMs'] as const),
    ...(['lastUsedAtMs', 'imageRemovedAtMs', 'said'] as const),
  ],
  ['manifest', 'said'],
  'id',
);

export const PIPELINE_VERSIONS = new DocumentMap<PipelineVersionRecord>(
  ['name', 'version', 'author', 'definition', 'createdAtMs'],
  ['definition'],
  null,
);

export const SCHEDULES = new DocumentMap<ScheduleRecord>(
  [
    ...(['id', 'pipeline', 'name', 'timing', 'decidedAtMs', 'nextAtMs', 'startingAtMs', 'startingBy'] as const),
    ...(['startingSinceMs', 'lastTickAtMs', 'lastRunId', 'pausedAtMs', 'pausedBy', 'revision'] as const),
  ],
  [],
  'id',
);
