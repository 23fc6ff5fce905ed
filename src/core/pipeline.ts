// A declared pipeline: ordered hooks with limits and policies. Numbers in base units; nothing optional left open.
import type { JsonObject } from './json.ts';
import type { Plugin } from './plugin.ts';

export interface HookSpec {
  readonly name: string;
  /** wall time of the whole hook; null: only the pipeline's timeout holds */
  readonly timeoutMs: number | null;
}

export type MergeConflictPolicy = 'warn' | 'fail';

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
  readonly hooks: readonly HookSpec[];
  /** SHA-256 (hex) of the definition in canonical form */
  readonly version: string;
}

const SOLO_TIMEOUT_MS = 3_600_000;

/** Name of the pipeline that calls one plugin alone; `@` keeps it apart from declared ones. */
export function soloPipelineName(plugin: string): string {
  return `@${plugin}`;
}

/** The pipeline with the plugin's first hook and nobody else. */
export function soloPipeline(
  { name, hooks, failHard }: Pick<Plugin, 'name' | 'hooks' | 'failHard'>,
  version: string,
): Pipeline {
  return {
    name: soloPipelineName(name),
    description: `calls ${name} alone${failHard ? '' : '; its failure is a warning'}`,
    params: null,
    timeoutMs: SOLO_TIMEOUT_MS,
    priority: 0,
    onMergeConflict: 'warn',
    durability: 'stored',
    hooks: hooks.slice(0, 1).map((hook) => ({ name: hook, timeoutMs: null })),
    version,
  };
}
