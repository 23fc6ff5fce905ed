// Which definition a claimed run follows. A run that has not begun follows the definition in force now, even when it was accepted under
// an older one (it says so in a warning); a run that is resumed must find its hooks as they were.
import type { HookSpec, Pipeline } from '../core/pipeline.ts';
import type { HookRecord, Run, RunFailure, RunWarning } from '../core/run.ts';
import { failureOf } from './end-run.ts';

export type Adopted = { readonly hooks: readonly HookRecord[]; readonly warnings: readonly RunWarning[] } & (
  { readonly pipeline: Pipeline; readonly failure: null } | { readonly pipeline: null; readonly failure: RunFailure }
);

export function adoptPipeline(run: Run, pipelines: ReadonlyMap<string, Pipeline>): Adopted {
  const pipeline = pipelines.get(run.pipeline);
  if (pipeline === undefined) {
    const failure = failureOf('PIPELINE_NOT_FOUND', `the pipeline ${run.pipeline} is not declared any more`);
    return { pipeline: null, failure, hooks: run.hooks, warnings: [] };
  }
  if (hasSameHooks(run, pipeline)) return { pipeline, failure: null, hooks: run.hooks, warnings: [] };
  if (run.hooks.some(({ state }) => state !== 'pending')) {
    const failure = failureOf(
      'PIPELINE_INVALID',
      `the hooks of ${run.pipeline} were changed while the run was under way`,
    );
    return { pipeline: null, failure, hooks: run.hooks, warnings: [] };
  }
  const warning = {
    code: 'PIPELINE_CHANGED',
    message: `the hooks of ${run.pipeline} were changed after the run was accepted; it follows the new ones`,
    hook: null,
    plugin: null,
  };
  return { pipeline, failure: null, hooks: pendingHooks(pipeline), warnings: [warning] };
}

interface Pending {
  readonly records: readonly HookRecord[];
  readonly shapes: readonly string[];
}

/** Made once for each definition: every run needs them, at the door and when it begins. */
const known = new WeakMap<Pipeline, Pending>();

function pendingOf(pipeline: Pipeline): Pending {
  const made = known.get(pipeline);
  if (made !== undefined) return made;
  const records = recordsOf(pipeline);
  const pending = { records, shapes: records.map(shapeOf) };
  known.set(pipeline, pending);
  return pending;
}

/** The records of a run that has not begun. */
export function pendingHooks(pipeline: Pipeline): readonly HookRecord[] {
  return pendingOf(pipeline).records;
}

function recordsOf({ hooks, onFailure, finally: last }: Pipeline): readonly HookRecord[] {
  const section = (specs: readonly HookSpec[], name: HookRecord['section']): readonly HookRecord[] =>
    specs.map(({ name: hook, after }, index) => ({
      hook,
      ...(name === undefined ? {} : { section: name }),
      ...(isInOrder(after, specs[index - 1]?.name) ? {} : { after }),
      state: 'pending',
      startedAtMs: null,
      finishedAtMs: null,
    }));
  return [...section(hooks, undefined), ...section(onFailure, 'onFailure'), ...section(last, 'finally')];
}

/** True for a hook that follows the one before it and no other: as nearly all do, so that is not stored. */
function isInOrder(after: readonly string[], before: string | undefined): boolean {
  return before === undefined ? after.length === 0 : after.length === 1 && after[0] === before;
}

function hasSameHooks(run: Run, pipeline: Pipeline): boolean {
  const { records, shapes } = pendingOf(pipeline);
  if (run.hooks === records) return true;
  return run.hooks.length === records.length && run.hooks.every((record, index) => shapeOf(record) === shapes[index]);
}

/** What must not change under a run that is under way. */
function shapeOf({ hook, section, after }: HookRecord): string {
  return JSON.stringify([hook, section ?? null, after?.toSorted() ?? null]);
}
