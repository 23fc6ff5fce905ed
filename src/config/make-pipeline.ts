// A declared pipeline as the program knows it: defaults filled in, units converted, the order of hooks made explicit.
import { createHash } from 'node:crypto';
import type { JsonObject } from '../core/json.ts';
import { plainHook, type HookSpec, type Pipeline } from '../core/pipeline.ts';
import type { TriggerSpec } from '../core/pipeline-trigger.ts';
import type { RunRules } from '../core/record-retention.ts';
import { RETRY_DEFAULTS, type RetryPolicy } from '../core/retry.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type {
  DeclaredClosingHook,
  DeclaredHook,
  DeclaredPipeline,
  DeclaredRetention,
  DeclaredRetries,
  DeclaredTrigger,
} from './pipeline-schema.ts';

export function makePipeline(declared: DeclaredPipeline): Pipeline {
  const { concurrency } = declared;
  const definition = {
    name: declared.name,
    description: declared.description,
    params: (declared.params as JsonObject | undefined) ?? null,
    timeoutMs: declared.timeout,
    priority: declared.priority,
    onMergeConflict: declared.onMergeConflict,
    durability: declared.durability,
    triggers: declared.triggers.map(makeTrigger),
    concurrency: concurrency === undefined ? null : { ...concurrency, key: concurrency.key ?? null },
    retries: makeRetries(declared.retries),
    hooks: declared.hooks.map((hook, index) => makeHook(hook, declared.hooks[index - 1]?.name)),
    onFailure: inOrder(declared.onFailure),
    finally: inOrder(declared.finally),
    ...(declared.retention === undefined ? {} : { retention: makeRetention(declared.retention) }),
  };
  return { ...definition, version: createHash('sha256').update(canonicalJson(definition)).digest('hex') };
}

/** Hooks that a hook follows: as declared, else the one before it. */
export function predecessorsOf(hook: Pick<DeclaredHook, 'after'>, before: string | undefined): readonly string[] {
  return hook.after ?? (before === undefined ? [] : [before]);
}

function makeHook(hook: DeclaredHook, before: string | undefined): HookSpec {
  const { approval, run } = hook;
  return {
    name: hook.name,
    timeoutMs: hook.timeout ?? null,
    after: predecessorsOf(hook, before),
    when: hook.when ?? null,
    forEach: hook.forEach ?? null,
    maxParallel: hook.maxParallel,
    retries: makeRetries(hook.retries),
    approval:
      approval === undefined
        ? null
        : { roles: approval.roles, timeoutMs: approval.timeout, onTimeout: approval.onTimeout },
    run: run === undefined ? null : { pipeline: run.pipeline, params: run.params ?? null, input: run.input ?? null },
  };
}

function inOrder(hooks: readonly DeclaredClosingHook[]): readonly HookSpec[] {
  return hooks.map(({ name, when, timeout, retries }, index) => {
    const before = hooks[index - 1]?.name;
    return {
      ...plainHook(name, before === undefined ? [] : [before]),
      timeoutMs: timeout ?? null,
      when: when ?? null,
      retries: makeRetries(retries),
    };
  });
}

/** Only what is said: the rest is the system's, which may change. */
function makeRetention(declared: DeclaredRetention): Partial<RunRules> {
  const { keepFor, keepRuns, keepLogsFor, keepArtifactsFor } = declared;
  return {
    ...(keepFor === undefined ? {} : { keepForMs: keepFor }),
    ...(keepRuns === undefined ? {} : { keepRuns }),
    ...(keepLogsFor === undefined ? {} : { keepLogsForMs: keepLogsFor }),
    ...(keepArtifactsFor === undefined ? {} : { keepArtifactsForMs: keepArtifactsFor }),
  };
}

function makeRetries(declared: DeclaredRetries | undefined): RetryPolicy | null {
  if (declared === undefined) return null;
  const { max, backoff, initial, cap, on } = declared;
  return {
    max,
    backoff,
    initialMs: initial ?? RETRY_DEFAULTS.initialMs,
    capMs: cap ?? RETRY_DEFAULTS.capMs,
    on: on ?? RETRY_DEFAULTS.on,
  };
}

/** As declared, else by its kind and its place in the list. */
export function triggerName({ name, webhook }: Pick<DeclaredTrigger, 'name' | 'webhook'>, index: number): string {
  return name ?? `${webhook === undefined ? 'schedule' : 'webhook'}-${String(index + 1)}`;
}

function makeTrigger(declared: DeclaredTrigger, index: number): TriggerSpec {
  const { schedule, webhook, tags, skipTags } = declared;
  const common = { name: triggerName(declared, index), params: declared.params as JsonObject, tags, skipTags };
  if (webhook !== undefined) return { kind: 'webhook', ...webhook, ...common };
  return {
    kind: 'schedule',
    cron: schedule ?? '',
    timezone: declared.timezone ?? 'UTC',
    catchUp: declared.catchUp ?? 'latest',
    overlap: declared.overlap ?? 'skip',
    ...common,
  };
}
