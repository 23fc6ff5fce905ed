// A declared pipeline: hooks with limits and policies. Numbers in base units; nothing optional left open.
import type { JsonObject } from './json.ts';
import type { TriggerSpec } from './pipeline-trigger.ts';
import type { Plugin } from './plugin.ts';
import type { RunRules } from './record-retention.ts';
import type { RetryPolicy } from './retry.ts';

/** A hook that waits for a person before its plugins are called. */
export interface ApprovalSpec {
  /** who may decide; enforced once accounts exist */
  readonly roles: readonly string[];
  readonly timeoutMs: number;
  readonly onTimeout: 'reject' | 'approve';
}

/** A hook that is a run of another pipeline; its data is the hook's data, under the pipeline's name in `results`. */
export interface SubRunSpec {
  readonly pipeline: string;
  /** CEL, an object; null: no params */
  readonly params: string | null;
  /** CEL; null: the run's data */
  readonly input: string | null;
}

export interface HookSpec {
  readonly name: string;
  /** wall time of the whole hook; null: only the pipeline's timeout holds */
  readonly timeoutMs: number | null;
  /** hooks of the same section that must have ended before; without a word of the author: the one before it */
  readonly after: readonly string[];
  /** CEL; the hook is skipped when it is false; null: never */
  readonly when: string | null;
  /** CEL, a list: one invocation of each plugin per item; null: one */
  readonly forEach: string | null;
  /** items of `forEach` at once */
  readonly maxParallel: number;
  /** null: the plugin's policy, else the pipeline's */
  readonly retries: RetryPolicy | null;
  readonly approval: ApprovalSpec | null;
  readonly run: SubRunSpec | null;
}

export type MergeConflictPolicy = 'warn' | 'fail';

/** What becomes of a run for which `concurrency` has no place. */
export const WHEN_FULL = ['queue', 'skip', 'cancel_previous', 'reject'] as const;
export type WhenFull = (typeof WHEN_FULL)[number];

export interface ConcurrencySpec {
  /** runs at once, per key */
  readonly max: number;
  /** CEL over params and data; null: one key for all runs */
  readonly key: string | null;
  readonly whenFull: WhenFull;
}

/**
 * What the acknowledgement of a run says: `stored`, it is durable; `queued`, it is in the memory of this program and is stored, together with
 * others, within a bounded time. What is not stored when the program is killed is lost.
 */
export const DURABILITIES = ['stored', 'queued'] as const;
export type Durability = (typeof DURABILITIES)[number];

export interface Pipeline {
  readonly name: string;
  readonly description: string;
  /** JSON Schema (documented subset) of `params`; null: anything */
  readonly params: JsonObject | null;
  readonly timeoutMs: number;
  readonly priority: number;
  readonly onMergeConflict: MergeConflictPolicy;
  readonly durability: Durability;
  readonly triggers: readonly TriggerSpec[];
  /** in place of the system's rules; absent: none of its own */
  readonly retention?: Partial<RunRules>;
  readonly concurrency: ConcurrencySpec | null;
  /** of hooks and plugins without a policy of their own; null: no retries */
  readonly retries: RetryPolicy | null;
  readonly hooks: readonly HookSpec[];
  readonly onFailure: readonly HookSpec[];
  readonly finally: readonly HookSpec[];
  /** SHA-256 (hex) of the definition in canonical form */
  readonly version: string;
}

const SOLO_TIMEOUT_MS = 3_600_000;

/** Items of a `forEach` at once, where the pipeline does not say. */
export const MAX_PARALLEL_DEFAULT = 8;

/** Name of the pipeline that calls one plugin alone; `@` keeps it apart from declared ones. */
export function soloPipelineName(plugin: string): string {
  return `@${plugin}`;
}

/** A hook of which nothing but its name is said. */
export function plainHook(name: string, after: readonly string[] = []): HookSpec {
  return {
    name,
    timeoutMs: null,
    after,
    when: null,
    forEach: null,
    maxParallel: MAX_PARALLEL_DEFAULT,
    retries: null,
    approval: null,
    run: null,
  };
}

/** Hooks of which nothing but their names is said, one after the other. */
export function hooksInOrder(names: readonly string[]): readonly HookSpec[] {
  return names.map((name, index) => plainHook(name, names.slice(Math.max(0, index - 1), index)));
}

/** What a pipeline is where its author says nothing. */
export const PIPELINE_DEFAULTS = {
  description: '',
  params: null,
  priority: 0,
  onMergeConflict: 'warn',
  durability: 'stored',
  triggers: [],
  concurrency: null,
  retries: null,
  onFailure: [],
  finally: [],
} as const satisfies Partial<Pipeline>;

/** The pipeline with the plugin's first hook and nobody else. */
export function soloPipeline(
  { name, hooks, failHard }: Pick<Plugin, 'name' | 'hooks' | 'failHard'>,
  version: string,
): Pipeline {
  return {
    ...PIPELINE_DEFAULTS,
    name: soloPipelineName(name),
    description: `calls ${name} alone${failHard ? '' : '; its failure is a warning'}`,
    timeoutMs: SOLO_TIMEOUT_MS,
    hooks: hooksInOrder(hooks.slice(0, 1)),
    version,
  };
}
