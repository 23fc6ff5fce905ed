// Counts what one sweep over the records removes, or would remove.
import type { Versioned } from '../../core/ports/retention.ts';
import type { PipelineSweep, RecordSweepReport } from '../../core/record-retention.ts';

/** A dry run counts no further. */
export const DRY_RUN_MAX = 10_000;

export interface SweepCounts {
  readonly runs: number;
  readonly documents: number;
  readonly logLines: number;
  readonly artifacts: number;
  readonly pipelineVersions: number;
  readonly pluginVersions: number;
}

export class SweepTally {
  readonly isDryRun: boolean;
  readonly #pipelines: PipelineSweep[] = [];
  readonly #versions = { plugin: 0, pipeline: 0 };
  #documents = 0;
  #logLines = 0;
  #artifacts = 0;
  #isCut = false;

  constructor(isDryRun: boolean) {
    this.isDryRun = isDryRun;
  }

  addPipeline(sweep: PipelineSweep): void {
    const { byAge, byCount, logLines, artifacts } = sweep;
    if (byAge + byCount + logLines + artifacts > 0) this.#pipelines.push(sweep);
    this.#logLines += logLines;
    this.#artifacts += artifacts;
  }

  addDocuments(count: number): void {
    this.#documents += count;
  }

  /** @returns all lines so far */
  addLines(count: number): number {
    this.#logLines += count;
    return this.#logLines;
  }

  addVersions(of: Versioned, count: number): void {
    this.#versions[of] += count;
  }

  /** There is more than was counted. */
  cut(): void {
    this.#isCut = true;
  }

  counts(): SweepCounts {
    return {
      runs: this.#pipelines.reduce((sum, { byAge, byCount }) => sum + byAge + byCount, 0),
      documents: this.#documents,
      logLines: this.#logLines,
      artifacts: this.#artifacts,
      pipelineVersions: this.#versions.pipeline,
      pluginVersions: this.#versions.plugin,
    };
  }

  report(): RecordSweepReport {
    const { isDryRun } = this;
    const documents = isDryRun ? null : this.#documents;
    return { isDryRun, pipelines: this.#pipelines, ...this.counts(), documents, isCut: this.#isCut };
  }
}
