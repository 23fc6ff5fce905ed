// What one save came to: refused with its problems, or built and called with every fixture.
import type { PluginVersion, Problem } from '../../core/plugin.ts';
import type { Trial } from '../conformance/trials.ts';

export interface TurnInvocation {
  readonly fixture: string;
  readonly end: Trial;
  /** how the answer differs from what the fixture expects; null when it does not */
  readonly miss: string | null;
  readonly durationMs: number;
}

export type DevTurn =
  | {
      readonly kind: 'refused';
      readonly problems: readonly Problem[];
      /** what the build printed last, without the engine's own words; empty when nothing was built */
      readonly buildLog: readonly string[];
      readonly durationMs: number;
    }
  | {
      readonly kind: 'called';
      readonly version: PluginVersion;
      /** false: the image stood already */
      readonly isBuilt: boolean;
      readonly buildMs: number;
      readonly warnings: readonly Problem[];
      readonly invocations: readonly TurnInvocation[];
      readonly durationMs: number;
    };

/** 0 as expected · 1 an answer was not · 3 refused */
export function exitCodeOfTurn(turn: DevTurn): number {
  if (turn.kind === 'refused') return 3;
  return turn.invocations.some(({ miss }) => miss !== null) ? 1 : 0;
}
