// What a plugin reports of an invocation beside its result: how far it is, and numbers. Kept is the last of each.

export interface Progress {
  /** of `total`, in any unit; from 0 */
  readonly done: number;
  readonly total: number | null;
  /** redacted, escaped, cut */
  readonly message: string | null;
}

/** The last value of one name with one set of labels. */
export interface ReportedMetric {
  /** `[a-z][a-z0-9_]{0,62}` */
  readonly name: string;
  readonly value: number;
  /** at most 8; values redacted and escaped */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Reported {
  readonly progress: Progress | null;
  readonly metrics: readonly ReportedMetric[];
  /** names with labels that came when the record was full */
  readonly droppedMetrics: number;
}

/** Metrics that the record of one invocation keeps. */
export const REPORTED_METRICS_MAX = 50;
/** Bytes of them as JSON. */
export const REPORTED_METRICS_BYTES = 4 * 1024;
/** Characters of a progress message. */
export const PROGRESS_MESSAGE_MAX = 200;
