// Domain events → the program's log. Ordinary runs are `info`, what an operator should look at is `warn` or `error`, traffic is not logged.
import type { DomainEvent, TriggerEvent } from '../core/events.ts';
import type { Invocation } from '../core/invocation.ts';
import { isSuccessful } from '../core/outcome.ts';
import type { LogFields, Logger, LogLevel } from '../core/ports/logger.ts';
import type { Run } from '../core/run.ts';
import { triggerEntry } from './log-triggers.ts';
import { isTriggerEvent } from './record-trigger-metrics.ts';

interface Entry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: LogFields;
}

/** An `EventListener` that writes to the logger. */
export function logEvents(logger: Logger): (event: DomainEvent) => void {
  return (event) => {
    const entry = isOfRun(event) ? runEntry(event) : isTriggerEvent(event) ? triggerEntry(event) : platformEntry(event);
    if (entry !== null) logger.log(entry.level, entry.message, entry.fields);
  };
}

const OF_RUN = [
  'runQueued',
  'runFinished',
  'runRecovered',
  'runRefused',
  'approvalDecided',
  'invocationFinished',
  'logWritten',
] as const;

type OfRun = Extract<DomainEvent, { readonly kind: (typeof OF_RUN)[number] }>;

const KINDS_OF_RUN: ReadonlySet<string> = new Set(OF_RUN);

function isOfRun(event: DomainEvent): event is OfRun {
  return KINDS_OF_RUN.has(event.kind);
}

function runEntry(event: OfRun): Entry {
  switch (event.kind) {
    case 'runQueued':
      return { level: 'info', message: 'run accepted', fields: fieldsOfRun(event.run) };
    case 'runFinished':
      return finishedEntry(event.run);
    case 'runRecovered':
      return {
        level: 'warn',
        message: 'run of a lost worker taken up',
        fields: { run: event.runId, pipeline: event.pipeline, state: event.state },
      };
    case 'runRefused':
      return {
        level: 'warn',
        message: 'trigger refused',
        fields: { pipeline: event.pipeline, trigger: event.trigger, code: event.code },
      };
    case 'approvalDecided': {
      const { runId, pipeline, hook, decided } = event;
      return { level: 'info', message: 'approval decided', fields: { run: runId, pipeline, hook, ...decided } };
    }
    case 'invocationFinished':
      return invocationEntry(event.invocation);
    case 'logWritten': {
      const { runId, invocationId, plugin, level, message } = event.line;
      return { level, message, fields: { run: runId, invocation: invocationId, plugin, source: 'plugin' } };
    }
  }
}

function fieldsOfRun(run: Run): LogFields {
  return { run: run.id, pipeline: run.pipeline, trigger: run.trigger };
}

function finishedEntry(run: Run): Entry {
  const durationMs =
    run.startedAtMs === null || run.finishedAtMs === null ? undefined : run.finishedAtMs - run.startedAtMs;
  const { failure } = run;
  const why = { code: failure?.code, reason: failure?.message, hook: failure?.hook, plugin: failure?.plugin };
  const isFine = run.state === 'succeeded' || run.state === 'cancelled';
  return {
    level: isFine ? 'info' : 'warn',
    message: `run ${run.state.replace('_', ' ')}`,
    fields: { ...fieldsOfRun(run), durationMs, ...why },
  };
}

function invocationEntry(invocation: Invocation): Entry {
  const { outcome } = invocation;
  const isFine = outcome !== null && isSuccessful(outcome);
  return {
    level: isFine ? 'debug' : 'warn',
    message: isFine ? 'invocation succeeded' : 'invocation did not succeed',
    fields: {
      run: invocation.runId,
      invocation: invocation.id,
      hook: invocation.hook,
      plugin: invocation.plugin,
      version: invocation.pluginVersion,
      attempt: invocation.attempt,
      outcome: outcome?.code,
      reason: isFine ? undefined : outcome?.message,
    },
  };
}

type OfPlatform = Exclude<DomainEvent, OfRun | TriggerEvent>;

function platformEntry(event: OfPlatform): Entry | null {
  switch (event.kind) {
    case 'engineLost':
      return { level: 'error', message: 'the container engine is lost', fields: { reason: event.message } };
    case 'engineFound':
      return { level: 'info', message: 'the container engine answers' };
    case 'orphansReaped':
      return { level: 'warn', message: 'containers of an earlier life were removed', fields: { count: event.count } };
    case 'quotaBreached':
      return { level: 'info', message: 'limit reached', fields: { plugin: event.plugin, limit: event.limit } };
    case 'staleWriteIgnored':
      return { level: 'warn', message: 'a write of a former holder was ignored', fields: { op: event.operation } };
    default:
      return pluginEntry(event);
  }
}

function pluginEntry(event: OfPlatform): Entry | null {
  switch (event.kind) {
    case 'buildFinished':
      return {
        level: event.isSuccessful ? 'info' : 'warn',
        message: event.isSuccessful ? 'plugin built' : 'plugin build failed',
        fields: { plugin: event.plugin, durationMs: Math.round(event.durationMs), reason: event.message },
      };
    case 'pluginRegistered':
      return { level: 'info', message: 'plugin ready', fields: { plugin: event.plugin, version: event.version } };
    case 'pluginRemoved':
      return { level: 'info', message: 'plugin removed', fields: { plugin: event.plugin } };
    case 'pluginRefused':
      return {
        level: 'warn',
        message: 'plugin refused',
        fields: { plugin: event.plugin, code: event.code, reason: event.message },
      };
    case 'sandboxMoved':
      return {
        level: 'debug',
        message: `sandbox ${event.to}`,
        fields: { sandbox: event.sandboxId, plugin: event.plugin, from: event.from, reason: event.reason },
      };
    default:
      return capacityEntry(event);
  }
}

function capacityEntry(event: OfPlatform): Entry | null {
  switch (event.kind) {
    case 'quarantineMoved':
      return quarantineEntry(event);
    case 'imageRemoved': {
      const { plugin, version, reason, sizeBytes, imageId } = event;
      return {
        level: 'info',
        message: 'image removed',
        fields: { plugin, version, reason, sizeBytes, image: imageId },
      };
    }
    case 'recordsRemoved': {
      const { runs, documents, logLines, artifacts, isComplete, durationMs } = event;
      const fields = { runs, documents, logLines, artifacts, isComplete, durationMs: Math.round(durationMs) };
      return documents + logLines + artifacts === 0
        ? null
        : { level: 'info', message: 'old records were removed', fields };
    }
    case 'pressureChanged':
      return {
        level: event.to === 'free' ? 'info' : 'warn',
        message: `starts of sandboxes are ${event.to}`,
        fields: { was: event.from, resource: event.resource, pressure: event.ratio },
      };
    default:
      return null;
  }
}

function quarantineEntry({
  plugin,
  version,
  to,
  cause,
  untilMs,
}: Extract<OfPlatform, { readonly kind: 'quarantineMoved' }>): Entry {
  const fields = { plugin, version };
  if (to === 'closed') return { level: 'info', message: 'plugin serves again', fields };
  if (to === 'half_open') return { level: 'info', message: 'plugin in quarantine is probed', fields };
  const until = untilMs === null ? undefined : new Date(untilMs).toISOString();
  return {
    level: 'warn',
    message: 'plugin keeps crashing and is left alone',
    fields: { ...fields, until, reason: cause },
  };
}
