// What an operator reads: problems stand out, traffic stays away, plugin lines carry their origin.
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/core/events.ts';
import { logEvents } from '../../../src/observe/log-events.ts';
import { buildInvocation, buildLogLine, buildRun, newRunId } from '../../support/store/build-records.ts';
import { CollectingLogger } from '../../support/web/collecting-logger.ts';

function logged(event: DomainEvent): CollectingLogger['lines'] {
  const logger = new CollectingLogger();
  logEvents(logger)(event);
  return logger.lines;
}

describe('logEvents', () => {
  it('writes a failed run as a warning that names the cause', () => {
    const failure = { code: 'oom', message: 'over 128 MiB', hook: 'fetch', plugin: 'sample' };
    const run = buildRun({ state: 'failed', startedAtMs: 1_000, finishedAtMs: 1_200, failure });
    expect(logged({ kind: 'runFinished', run })).toEqual([
      {
        level: 'warn',
        message: 'run failed',
        fields: {
          run: run.id,
          pipeline: 'default',
          trigger: 'api',
          durationMs: 200,
          code: 'oom',
          reason: 'over 128 MiB',
          hook: 'fetch',
          plugin: 'sample',
        },
      },
    ]);
  });

  it('keeps successful invocations at debug and warns about the others', () => {
    const ok = buildInvocation(newRunId(), { outcome: { code: 'ok', message: '' } });
    const bad = buildInvocation(newRunId(), {
      outcome: { code: 'crash', message: 'exit 1', exitCode: 1, signal: null },
    });
    expect(logged({ kind: 'invocationFinished', invocation: ok })[0]?.level).toBe('debug');
    expect(logged({ kind: 'invocationFinished', invocation: bad })).toMatchObject([
      { level: 'warn', fields: { outcome: 'crash', reason: 'exit 1' } },
    ]);
  });

  it('passes plugin lines on with their own level and their origin', () => {
    const line = buildLogLine(newRunId(), 'hello');
    expect(logged({ kind: 'logWritten', line })).toMatchObject([
      { level: 'info', message: 'hello', fields: { plugin: 'sample', source: 'plugin', run: line.runId } },
    ]);
  });

  it('writes which image was removed and why', () => {
    const image = { imageId: 'sha256:1', plugin: 'sample', version: 'sample@1.0.0+0', sizeBytes: 10 };
    expect(logged({ kind: 'imageRemoved', ...image, reason: 'old' })).toMatchObject([
      { level: 'info', message: 'image removed', fields: { version: 'sample@1.0.0+0', reason: 'old' } },
    ]);
    expect(logged({ kind: 'imagesCounted', count: 1, sizeBytes: 10 })).toEqual([]);
  });

  it('writes how many records were removed, and nothing when none were', () => {
    const swept = {
      runs: 2,
      documents: 20,
      logLines: 3,
      artifacts: 4,
      pipelineVersions: 1,
      pluginVersions: 0,
      durationMs: 5,
    };
    const event = { kind: 'recordsRemoved', isComplete: true, atMs: 1 } as const;
    expect(logged({ ...event, ...swept })).toMatchObject([
      { level: 'info', message: 'old records were removed', fields: { runs: 2, documents: 20, artifacts: 4 } },
    ]);
    expect(logged({ ...event, ...swept, documents: 0, logLines: 0, artifacts: 0 })).toEqual([]);
  });

  it('writes nothing for the traffic of engine and store', () => {
    expect(logged({ kind: 'storeOperationFinished', operation: 'ping', isSuccessful: true, durationMs: 1 })).toEqual(
      [],
    );
    expect(logged({ kind: 'engineRequestFinished', operation: 'ping', result: '200', durationMs: 1 })).toEqual([]);
    expect(logged({ kind: 'capacityChanged', resource: 'cpu', usedRatio: 0.5 })).toEqual([]);
  });

  it('writes the loss of the engine as an error', () => {
    expect(logged({ kind: 'engineLost', message: 'socket closed' })).toMatchObject([
      { level: 'error', fields: { reason: 'socket closed' } },
    ]);
  });

  it('warns of a plugin that is left alone, with the cause and until when, and tells when it serves again', () => {
    const moved = { kind: 'quarantineMoved', plugin: 'p', version: 'p@1' } as const;
    expect(logged({ ...moved, from: 'closed', to: 'open', cause: 'exit code 3', untilMs: 1_000 })).toMatchObject([
      { level: 'warn', fields: { version: 'p@1', reason: 'exit code 3', until: '1970-01-01T00:00:01.000Z' } },
    ]);
    expect(logged({ ...moved, from: 'open', to: 'half_open', cause: '', untilMs: null })[0]?.level).toBe('info');
    expect(logged({ ...moved, from: 'half_open', to: 'closed', cause: '', untilMs: null })[0]?.message).toContain(
      'again',
    );
  });

  it('warns when starts are slowed or stopped, and tells when they are free again', () => {
    const changed = { kind: 'pressureChanged', resource: 'memory', ratio: 0.6 } as const;
    expect(logged({ ...changed, from: 'free', to: 'stopped' })).toMatchObject([
      { level: 'warn', message: 'starts of sandboxes are stopped', fields: { was: 'free', resource: 'memory' } },
    ]);
    expect(logged({ ...changed, from: 'slowed', to: 'free' })[0]?.level).toBe('info');
  });

  it('says of schedules what fired, and warns about what was skipped and missed', () => {
    const named = { pipeline: 'default', schedule: 'nightly' };
    const tickAtMs = Date.UTC(2026, 0, 1, 3);
    const runId = newRunId();
    expect(logged({ kind: 'scheduleFired', ...named, tickAtMs, lateMs: 12.4, runId })).toEqual([
      {
        level: 'info',
        message: 'schedule fired',
        fields: { ...named, tick: '2026-01-01T03:00:00.000Z', lateMs: 12, run: runId },
      },
    ]);
    expect(logged({ kind: 'scheduleSkipped', ...named, tickAtMs, runId })[0]).toMatchObject({ level: 'warn' });
    expect(logged({ kind: 'scheduleMissed', ...named, count: 3, code: null })[0]).toMatchObject({
      level: 'warn',
      message: 'ticks were missed and given up',
      fields: { count: 3 },
    });
    expect(logged({ kind: 'scheduleMissed', ...named, count: 1, code: 'PARAMS_INVALID' })[0]).toMatchObject({
      message: 'a tick was refused and given up',
      fields: { code: 'PARAMS_INVALID' },
    });
    expect(logged({ kind: 'schedulePaused', ...named, by: 'cli' })[0]).toMatchObject({ fields: { by: 'cli' } });
    expect(logged({ kind: 'scheduleResumed', ...named, by: 'api' })[0]).toMatchObject({ message: 'schedule resumed' });
  });

  it('says what became of a webhook, and of whom only when it was signed', () => {
    expect(logged({ kind: 'webhookReceived', pipeline: null, webhook: null, result: 'signature' })).toMatchObject([
      { level: 'info', message: 'webhook received', fields: { result: 'signature', webhook: null } },
    ]);
  });
});
