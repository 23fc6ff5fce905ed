// A declared pipeline: ordered hooks with limits and policies. Numbers in base units; nothing optional left open.
import type { JsonObject } from './json.ts';

export interface HookSpec {
  readonly name: string;
  /** wall time of the whole hook; null: only the pipeline's timeout holds */
  readonly timeoutMs: number | null;
}

export type MergeConflictPolicy = 'warn' | 'fail';

export interface Pipeline {
  readonly name: string;
  readonly description: string;
  /** JSON Schema (documented subset) of `params`; null: anything */
  readonly params: JsonObject | null;
  readonly timeoutMs: number;
  readonly priority: number;
  readonly onMergeConflict: MergeConflictPolicy;
  readonly hooks: readonly HookSpec[];
  /** SHA-256 (hex) of the definition in canonical form */
  readonly version: string;
}
