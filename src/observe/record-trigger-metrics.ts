// What schedules and webhooks did → metrics. Names come from declared triggers only, so they are as many as are declared.
import type { TriggerEvent } from '../core/events.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import { METRICS } from './metric-definitions.ts';

export const TRIGGER_EVENTS: ReadonlySet<string> = new Set<TriggerEvent['kind']>([
  ...(['scheduleFired', 'scheduleSkipped', 'scheduleMissed', 'schedulePaused', 'scheduleResumed'] as const),
  'webhookReceived',
]);

export function isTriggerEvent(event: { readonly kind: string }): event is TriggerEvent {
  return TRIGGER_EVENTS.has(event.kind);
}

export function recordTriggers(event: TriggerEvent, metrics: Metrics): void {
  switch (event.kind) {
    case 'scheduleFired':
      count(event, 'fired', 1, metrics);
      metrics.observe(METRICS.scheduleLag, {}, event.lateMs / 1000);
      return;
    case 'scheduleSkipped':
      count(event, 'skipped', 1, metrics);
      return;
    case 'scheduleMissed':
      count(event, 'missed', event.count, metrics);
      return;
    case 'webhookReceived':
      metrics.add(METRICS.webhooks, { result: event.result });
      return;
    case 'schedulePaused':
    case 'scheduleResumed':
      return;
  }
}

function count(
  { pipeline, schedule }: { readonly pipeline: string; readonly schedule: string },
  result: string,
  amount: number,
  metrics: Metrics,
): void {
  metrics.add(METRICS.scheduleTicks, { pipeline, schedule, result }, amount);
}
