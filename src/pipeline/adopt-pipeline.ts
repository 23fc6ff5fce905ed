// Which definition a claimed run follows. A run that has not begun follows the definition in force now, even when it was accepted under
// an older one (it says so in a warning); a run that is resumed must find its hooks as they were.
import type { Pipeline } from '../core/pipeline.ts';
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
export function pendingHooks(pipeline: Pipeline): readonly HookRecord[] {
  return pipeline.hooks.map(({ name }) => ({ hook: name, state: 'pending', startedAtMs: null, finishedAtMs: null }));
}

function hasSameHooks(run: Run, pipeline: Pipeline): boolean {
  return (
    run.hooks.length === pipeline.hooks.length &&
    run.hooks.every(({ hook }, index) => hook === pipeline.hooks[index]?.name)
  );
}
