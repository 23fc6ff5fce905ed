// An invocation of a plugin version that is left alone for a while gets the remembered cause as its own outcome, and when to come back.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Outcome } from '../../core/outcome.ts';
import { oneLine } from '../../protocol/reply.ts';

type Cause = Extract<Outcome, { readonly code: 'not_ready' | 'start_failed' | 'image' | 'engine' }>;

export class LeftAloneError extends GantryError {
  readonly outcome: Outcome;

  /** @param failures in a row, when that many put the version into quarantine; null: the latest start failed and is not repeated yet */
  constructor(cause: Outcome, retryAfterMs: number, failures: number | null) {
    const told = failures === null ? '' : `left alone after ${failures} failures in a row; the latest: `;
    const message = oneLine(`${told}${cause.message}`);
    super('START_FAILED', message, { retryAfterMs });
    this.outcome = { code: codeOf(cause), message, retryAfterMs };
  }
}

/** The plugin never saw the input: what crashed an earlier sandbox is a failed start for this invocation. */
function codeOf({ code }: Outcome): Cause['code'] {
  return code === 'not_ready' || code === 'image' || code === 'engine' ? code : 'start_failed';
}
