// What stands beside the record of a run, as it is stored.
import type { Invocation } from './invocation.ts';

export interface RunRecords {
  /** in order of creation */
  readonly invocations: readonly Invocation[];
  /** JSON text by name */
  readonly payloads: ReadonlyMap<string, string>;
}
