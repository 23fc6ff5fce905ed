// Named places at which a test may break the program: where a death, a freeze or an error hurts most. Unless one is armed, each costs a
// comparison. The one piece of state that modules share: a fault comes from nowhere, so nothing hands it down.
import type { ErrorCode } from './errors/error-table.ts';

/** Each with the error that can come up there. */
export const FAILPOINTS = {
  /** a run was accepted into the queue, its trigger was not answered */
  'run-stored': 'STORE_UNAVAILABLE',
  /** runs are this worker's, which has not begun them */
  'run-claimed': 'STORE_UNAVAILABLE',
  'container-created': 'ENGINE_FAILED',
  'container-started': 'ENGINE_FAILED',
  /** the start of an invocation is stored, its input not given */
  'start-stored': 'STORE_UNAVAILABLE',
  /** a plugin of protocol `json` has its input */
  'input-sent': 'ENGINE_FAILED',
  /** an invocation has its outcome, which is not stored */
  'result-received': 'DEFECT',
  /** what a run came to is stored, nobody was told */
  'batch-stored': 'STORE_UNAVAILABLE',
  'removal-due': 'ENGINE_FAILED',
  /** records that were held in memory are about to be stored */
  'flush-due': 'STORE_UNAVAILABLE',
  'flush-stored': 'STORE_UNAVAILABLE',
  /** a forsaken run is this worker's, and not settled */
  'run-taken-over': 'STORE_UNAVAILABLE',
  /** a run has ended, the runs that its hooks started are to end with it */
  'children-due': 'STORE_UNAVAILABLE',
  'beat-due': 'STORE_UNAVAILABLE',
  'beat-stored': 'STORE_UNAVAILABLE',
} as const satisfies Record<string, ErrorCode>;

export type Failpoint = keyof typeof FAILPOINTS;

type Break = (at: Failpoint) => void;

let armed: Break | null = null;

/** Has every place from now on call `breaker`, which may throw. For the composition root only. */
export function armFailpoints(breaker: Break): void {
  armed = breaker;
}

export function failpoint(at: Failpoint): void {
  if (armed !== null) armed(at);
}
