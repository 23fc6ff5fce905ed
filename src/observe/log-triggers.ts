// What schedules and webhooks did → the log. What was given up or skipped is what an operator asks for.
import type { TriggerEvent } from '../core/events.ts';
import type { LogFields, LogLevel } from '../core/ports/logger.ts';

interface Entry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

export function triggerEntry(event: TriggerEvent): Entry {
  if (event.kind === 'webhookReceived') {
    const { pipeline, webhook, result } = event;
    return { level: 'info', message: 'webhook received', fields: { pipeline, webhook, result } };
  }
  const fields = { pipeline: event.pipeline, schedule: event.schedule };
  switch (event.kind) {
    case 'scheduleFired': {
      const more = { tick: isoTime(event.tickAtMs), lateMs: Math.round(event.lateMs), run: event.runId };
      return { level: 'info', message: 'schedule fired', fields: { ...fields, ...more } };
    }
    case 'scheduleSkipped': {
      const more = { tick: isoTime(event.tickAtMs), run: event.runId };
      return { level: 'warn', message: 'tick skipped: the run before goes on', fields: { ...fields, ...more } };
    }
    case 'scheduleMissed': {
      const { count, code } = event;
      const message = code === null ? 'ticks were missed and given up' : 'a tick was refused and given up';
      return { level: 'warn', message, fields: { ...fields, count, code } };
    }
    case 'schedulePaused':
      return { level: 'info', message: 'schedule paused', fields: { ...fields, by: event.by } };
    case 'scheduleResumed':
      return { level: 'info', message: 'schedule resumed', fields: { ...fields, by: event.by } };
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
