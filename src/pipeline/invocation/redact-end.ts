// One pass over everything a plugin gave back, so that no secret of its goes any further.
import type { InvocationEnd } from '../../core/ports/invoker.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Redactor } from '../../core/redact.ts';

export function redactEnd(end: InvocationEnd, redactor: Redactor): InvocationEnd {
  if (redactor.isIdle) return end;
  return {
    ...end,
    outcome: redactOutcome(end.outcome, redactor),
    result: end.result === null ? null : redactor.json(end.result),
    warnings: end.warnings.map(({ code, message }) => ({ code, message: redactor.text(message) })),
  };
}

function redactOutcome(outcome: Outcome, redactor: Redactor): Outcome {
  const message = redactor.text(outcome.message);
  switch (outcome.code) {
    case 'plugin_error':
      return { ...outcome, message, pluginCode: redactor.text(outcome.pluginCode) };
    case 'protocol':
      return { ...outcome, message, seen: redactor.text(outcome.seen) };
    default:
      return { ...outcome, message };
  }
}
