// A plugin version and a pipeline as the catalog shows them, for tests of everything that only displays them.
import type { RecordSweepReport, RunRules } from '../../../src/core/record-retention.ts';
import type { SweepReport } from '../../../src/core/image-retention.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { PIPELINE_DEFAULTS, plainHook, type Pipeline } from '../../../src/core/pipeline.ts';
import type { PluginStatus, PluginVersion } from '../../../src/core/plugin.ts';

export const EXAMPLE_PIPELINE: Pipeline = {
  ...PIPELINE_DEFAULTS,
  name: 'default',
  description: 'Fetches numbers and sums them.',
  timeoutMs: 600_000,
  triggers: [
    {
      ...{ kind: 'schedule', name: 'nightly', cron: '0 3 * * *', timezone: 'Europe/Paris', catchUp: 'latest' },
      ...{ overlap: 'skip', params: {}, tags: [], skipTags: [] },
    },
    {
      ...{ kind: 'webhook', name: 'orders', path: 'shop/orders', secret: 'ORDERS_HMAC' },
      ...{ params: { source: 'shop' }, tags: [], skipTags: ['slow'] },
    },
  ],
  hooks: [plainHook('fetch'), { ...plainHook('sum', ['fetch']), timeoutMs: 60_000 }],
  version: 'c0ffee',
};

export function examplePlugin(name: string, hook: string): PluginVersion {
  return {
    id: `${name}@1.0.0+0123456789ab`,
    plugin: {
      name,
      version: '1.0.0',
      description: `Answers the hook ${hook}.`,
      hooks: [hook],
      pipelines: ['default'],
      tags: ['example'],
      failHard: false,
      order: 100,
      source: { kind: 'runtime', runtime: 'python', entry: 'main.py', command: null, dependencies: null },
      protocol: 'json',
      text: null,
      reuse: 'never',
      concurrency: 1,
      lifecycle: { onLoad: true, onShutdown: true, cancel: true, metadata: true, configUi: true },
      services: [],
      idempotent: false,
      retries: null,
      limits: DEFAULT_LIMITS,
      pool: { min: 0, max: 4, idleMs: 300_000, maxInvocations: 1_000, maxAgeMs: 3_600_000 },
      isBuildNetworked: false,
      secrets: ['API_TOKEN'],
      configSchema: null,
    },
    contentHash: '0123456789ab'.repeat(5) + '0123',
    imageId: 'sha256:feed',
    imageTag: `gantry/plugin-${name}:0123456789ab`,
    command: ['/usr/bin/python3', '/app/main.py'],
    env: [],
    workingDir: '/app',
    config: { token: 'inline-and-not-to-be-shown' },
  };
}

export function readyPlugin(name: string, hook: string): PluginStatus {
  return { state: 'ready', name, folder: `plugins/${name}`, version: examplePlugin(name, hook) };
}

export function failedPlugin(name: string): PluginStatus {
  const problem = {
    code: 'LIMIT_INVALID',
    message: 'limits.memory is 1Mi; it must be 8Mi to 64Gi',
    file: `plugins/${name}/plugin.yaml`,
    line: 9,
    column: 11,
  };
  return { state: 'failed', name, folder: `plugins/${name}`, problems: [problem], serving: null };
}

const EXAMPLE_IMAGE = {
  sizeBytes: 2_500_000,
  ownBytes: 40_000,
  createdAtMs: 0,
  lastUsedAtMs: 60_000,
  plugin: 'numbers',
};

/** One image that goes and one that stays. */
export const EXAMPLE_SWEEP: SweepReport = {
  isDryRun: false,
  removed: [
    { ...EXAMPLE_IMAGE, id: 'sha256:01d', tags: ['old:1'], version: 'numbers@1.0.0+0123456789ab', reason: 'old' },
  ],
  kept: [
    { ...EXAMPLE_IMAGE, id: 'sha256:feed', tags: ['new:1'], version: 'numbers@2.0.0+0123456789ab', reason: 'serving' },
  ],
  freedBytes: 40_000,
  diskFree: 0.5,
};

const HOUR_MS = 3_600_000;
export const EXAMPLE_RULES: RunRules = {
  ...{ keepForMs: 720 * HOUR_MS, keepRuns: 100 },
  ...{ keepLogsForMs: 7 * HOUR_MS, keepArtifactsForMs: 48 * HOUR_MS },
};

export const EXAMPLE_RECORD_SWEEP: RecordSweepReport = {
  isDryRun: true,
  pipelines: [
    { pipeline: 'default', byAge: 3, byCount: 1, logLines: 0, artifacts: 2, rules: EXAMPLE_RULES, hasOwnRules: true },
  ],
  ...{ runs: 4, documents: 40, logLines: 7, artifacts: 2, pipelineVersions: 2, pluginVersions: 1, isCut: false },
};
