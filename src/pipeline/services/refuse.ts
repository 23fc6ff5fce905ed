// Refusals of host services: values that the plugin reads.
import type { JsonObject } from '../../core/json.ts';
import type { HostAnswer, HostRefusal } from '../../core/ports/host-services.ts';

export function refused(reason: HostRefusal, message: string, details: JsonObject = {}): HostAnswer {
  return { kind: 'refusal', reason, message, details };
}

export function invalid(message: string): HostAnswer {
  return refused('INVALID_PARAMS', message);
}
