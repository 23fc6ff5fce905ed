// What every check of a built plugin works with.
import type { Clock } from '../../core/ports/clock.ts';
import type { Fixture } from '../../plugins/conformance/fixture.ts';
import type { Found } from './finding-log.ts';
import type { SandboxMoves } from './sandbox-moves.ts';
import type { Trials } from './trials.ts';

export interface Lab {
  readonly trials: Trials;
  readonly moves: SandboxMoves;
  readonly clock: Clock;
  /** that a cancelled invocation and an ending sandbox have */
  readonly graceMs: number;
  /** what the checks vary */
  readonly fixture: Fixture;
  /** what the check `cancel` cancels; null: the fixture above */
  readonly slowFixture: Fixture | null;
  /** whether the fixture was answered as it expects, so that a varied one must be, too */
  readonly isAsExpected: boolean;
}

export function passed(reason: string): Found {
  return { state: 'passed', reason };
}

export function failed(reason: string): Found {
  return { state: 'failed', reason };
}

export function notApplicable(reason: string): Found {
  return { state: 'not_applicable', reason };
}
