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

/** The records of a run that has not begun. */
export function pendingHooks({ hooks, onFailure, finally: last }: Pipeline): readonly HookRecord[] {
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
  const pending = pendingHooks(pipeline);
  return (
    run.hooks.length === pending.length &&
    run.hooks.every((record, index) => shapeOf(record) === shapeOf(pending[index]))
  );
}

/** What must not change under a run that is under way. */
function shapeOf(record: HookRecord | undefined): string {
  return JSON.stringify([record?.hook, record?.section ?? null, record?.after?.toSorted() ?? null]);
}
