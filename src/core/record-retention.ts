// What a sweep over the store's records removed, or would remove, as API, CLI, metrics and log tell it.

/** How long what runs leave stays. */
export interface RunRules {
  /** runs that ended longer ago go */
  readonly keepForMs: number;
  /** ended runs of the pipeline that stay at most, the newest */
  readonly keepRuns: number;
  /** log lines of runs that ended longer ago go, also where the run stays */
  readonly keepLogsForMs: number;
  /** artifacts of runs that ended longer ago go, also where the run stays */
  readonly keepArtifactsForMs: number;
}

/** The system's rules, with a pipeline's own in their places. */
export function rulesFor(system: RunRules, own: Partial<RunRules> = {}): RunRules {
  const { keepForMs, keepRuns, keepLogsForMs, keepArtifactsForMs } = system;
  return { keepForMs, keepRuns, keepLogsForMs, keepArtifactsForMs, ...own };
}

export interface PipelineSweep {
  readonly pipeline: string;
  /** what holds for it */
  readonly rules: RunRules;
  /** some of that is its own */
  readonly hasOwnRules: boolean;
  /** runs that ended too long ago */
  readonly byAge: number;
  /** runs that are more than are kept */
  readonly byCount: number;
  /** of runs that stay: lines that are too old by the pipeline's own time */
  readonly logLines: number;
  /** of runs that stay: artifacts that are too old */
  readonly artifacts: number;
}

export interface RecordSweepReport {
  /** nothing was removed: the counts are what would be */
  readonly isDryRun: boolean;
  /** pipelines of which something goes */
  readonly pipelines: readonly PipelineSweep[];
  readonly runs: number;
  /** documents removed with the runs, themselves included; null in a dry run */
  readonly documents: number | null;
  readonly logLines: number;
  /** of runs that stay */
  readonly artifacts: number;
  readonly pipelineVersions: number;
  readonly pluginVersions: number;
  /** a dry run counts no further than some thousands of each kind: then there is more */
  readonly isCut: boolean;
}
