// A manifest with its defaults → the plugin as the program knows it.
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import { DEFAULT_LIMITS, defaultCpuTimeMs, type Limits } from '../../core/limits.ts';
import type { ImageSource, Plugin, PoolLimits, TextOptions } from '../../core/plugin.ts';
import { valueAt } from './later-releases.ts';
import type { RetryPolicy } from '../../core/retry.ts';
import type { Manifest } from './manifest-schema.ts';

/** Node and the JVM reserve far more than the others before they run a line. */
const LARGE_MEMORY_BYTES = 256 * 1024 * 1024;
const LARGE_RUNTIMES: readonly (string | undefined)[] = ['node', 'java'];

/** @param raw the values as they were read; the config schema is taken from there, untouched */
export function makePlugin(manifest: Manifest, raw: JsonObject): Plugin {
  const schema = valueAt(raw, ['config', 'schema']);
  return {
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    hooks: manifest.hooks,
    pipelines: manifest.pipelines,
    tags: manifest.tags,
    failHard: manifest.failHard,
    order: manifest.order,
    source: sourceOf(manifest),
    protocol: manifest.protocol,
    text: textOf(manifest),
    reuse: manifest.reuse,
    concurrency: manifest.concurrency,
    lifecycle: manifest.lifecycle,
    services: manifest.services,
    idempotent: manifest.idempotent,
    retries: retriesOf(manifest),
    limits: limitsOf(manifest),
    pool: poolOf(manifest),
    isBuildNetworked: manifest.build.network,
    secrets: manifest.secrets,
    configSchema: isJsonObject(schema) ? schema : null,
  };
}

function sourceOf(manifest: Manifest): ImageSource {
  const command = manifest.command ?? null;
  if (manifest.image !== undefined) return { kind: 'image', image: manifest.image, command };
  if (manifest.dockerfile !== undefined) return { kind: 'dockerfile', dockerfile: manifest.dockerfile, command };
  return {
    kind: 'runtime',
    runtime: manifest.runtime ?? 'shell',
    entry: manifest.entry ?? null,
    command,
    dependencies: manifest.dependencies ?? null,
  };
}

function textOf(manifest: Manifest): TextOptions | null {
  if (manifest.protocol !== 'text') return null;
  return { input: manifest.input ?? 'data', output: manifest.output ?? null };
}

function retriesOf({ retries }: Manifest): RetryPolicy | null {
  if (retries === undefined) return null;
  const { max, backoff, initial, cap, on } = retries;
  return { max, backoff, initialMs: initial, capMs: cap, on };
}

function poolOf({ pool }: Manifest): PoolLimits {
  return {
    min: pool.min,
    max: pool.max,
    idleMs: pool.idle,
    maxInvocations: pool.maxInvocations,
    maxAgeMs: pool.maxAge,
  };
}

function limitsOf({ limits, runtime }: Manifest): Limits {
  return {
    cpus: limits.cpus,
    memoryBytes: limits.memory ?? (LARGE_RUNTIMES.includes(runtime) ? LARGE_MEMORY_BYTES : DEFAULT_LIMITS.memoryBytes),
    pids: limits.pids,
    timeoutMs: limits.timeout,
    cpuTimeMs: limits.cpuTime ?? defaultCpuTimeMs(limits.timeout, limits.cpus),
    tmpBytes: limits.tmp,
    outputBytes: limits.output,
    logsBytes: limits.logs,
    openFiles: limits.openFiles,
  };
}
