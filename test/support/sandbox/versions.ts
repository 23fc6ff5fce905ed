// Plugin versions for tests, complete and valid; a test names only what it is about.
import { DEFAULT_LIMITS, type Limits } from '../../../src/core/limits.ts';
import type { Plugin, PluginVersion, PoolLimits } from '../../../src/core/plugin.ts';

export interface VersionChanges {
  readonly limits?: Partial<Limits>;
  readonly plugin?: Partial<Omit<Plugin, 'limits'>>;
  readonly version?: Partial<Omit<PluginVersion, 'plugin'>>;
}

export function pluginVersion(changes: VersionChanges = {}): PluginVersion {
  const plugin: Plugin = {
    name: 'puppet',
    version: '1.0.0',
    description: '',
    hooks: ['act'],
    pipelines: ['*'],
    tags: [],
    failHard: false,
    order: 100,
    source: { kind: 'runtime', runtime: 'python', entry: 'puppet.py', command: null, dependencies: null },
    protocol: 'json',
    text: null,
    reuse: 'never',
    concurrency: 1,
    lifecycle: { onLoad: true, onShutdown: true, cancel: true, metadata: true, configUi: true },
    services: [],
    idempotent: false,
    retries: null,
    pool: poolLimits(),
    isBuildNetworked: false,
    secrets: [],
    configSchema: null,
    ...changes.plugin,
    limits: { ...DEFAULT_LIMITS, ...changes.limits },
  };
  return {
    id: `${plugin.name}@${plugin.version}+000000000000`,
    contentHash: '0'.repeat(64),
    imageId: `sha256:${'0'.repeat(64)}`,
    imageTag: 'gantry/puppet:test',
    command: ['/usr/bin/python3', '/plugin/puppet.py'],
    env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'PYTHONUNBUFFERED=1', 'PYTHONDONTWRITEBYTECODE=1'],
    workingDir: '/plugin',
    config: {},
    ...changes.version,
    plugin,
  };
}

export function poolLimits(changes: Partial<PoolLimits> = {}): PoolLimits {
  return { min: 0, max: 4, idleMs: 300_000, maxInvocations: 1_000, maxAgeMs: 3_600_000, ...changes };
}
