// A plugin of protocol `stream` that started and did not become ready. It counts as a failed start; its outcome says what the plugin did.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Outcome } from '../../core/outcome.ts';
import { oneLine } from '../../protocol/reply.ts';

export class NotReadyError extends GantryError {
  /** `not_ready` with the cause in its message; `engine` when the engine was lost */
  readonly outcome: Outcome;

  constructor(cause: Outcome) {
    const outcome: Outcome = cause.code === 'engine' ? cause : { code: 'not_ready', message: toldOf(cause) };
    super(cause.code === 'engine' ? 'DOCKER_UNAVAILABLE' : 'START_FAILED', outcome.message);
    this.outcome = outcome;
  }
}

function toldOf(cause: Outcome): string {
  if (cause.code === 'not_ready') return cause.message;
  const kind = cause.code === 'protocol' ? `protocol/${cause.violation}` : cause.code;
  return oneLine(`the plugin did not become ready (${kind}): ${cause.message}`);
}
