// What a sweep over the store's records removed, or would remove, as API, CLI, metrics and log tell it.

export interface PipelineSweep {
  readonly pipeline: string;
  /** runs that ended too long ago */
  readonly byAge: number;
  /** runs that are more than are kept */
  readonly byCount: number;
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
  readonly pipelineVersions: number;
  readonly pluginVersions: number;
  /** a dry run counts no further than some thousands of each kind: then there is more */
  readonly isCut: boolean;
}
