// How much of what is held a store is given at once. What is given at once is encoded in one turn of the event loop, in which no plugin is served.

export interface FlushSizes {
  /** runs whose records are written together, by commands of their own */
  readonly sliceRuns: number;
  /** runs of a group, which is stored before the next one is begun */
  readonly groupRunsMax: number;
}

export const GROUP_RUNS_MIN = 50;

/** For a store in the same process: a command costs little, so short turns matter most. A run is encoded in some 40 µs. */
export const CHEAP_COMMANDS: FlushSizes = { sliceRuns: 8, groupRunsMax: GROUP_RUNS_MIN };

/** For a store behind a network, which takes four commands for each slice: few of them matter most. */
export const DEAR_COMMANDS: FlushSizes = { sliceRuns: 200, groupRunsMax: 400 };
