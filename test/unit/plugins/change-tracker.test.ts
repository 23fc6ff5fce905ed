// When a change in the plugins' folder counts, and when something is tried again.
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/core/plugin.ts';
import { BuildLog, BUILD_LOG_LINES_MAX } from '../../../src/plugins/build-log.ts';
import { ChangeTracker } from '../../../src/plugins/discovery/change-tracker.ts';
import { RetryTimes } from '../../../src/plugins/retry-times.ts';
import { WorkQueue } from '../../../src/plugins/work-queue.ts';

const scan = (folders: Readonly<Record<string, string>>): Map<string, string> => new Map(Object.entries(folders));
const nothing = { changed: [], removed: [] };

describe('ChangeTracker', () => {
  it('takes what the first scan finds at once', () => {
    expect(new ChangeTracker().observe(scan({ a: '1', b: '1' }))).toEqual({ changed: ['a', 'b'], removed: [] });
  });

  it('waits until a change stands still for two scans', () => {
    const tracker = new ChangeTracker();
    tracker.observe(scan({ a: '1' }));
    expect(tracker.observe(scan({ a: '2' }))).toEqual(nothing);
    expect(tracker.observe(scan({ a: '3', b: '1' }))).toEqual(nothing);
    expect(tracker.observe(scan({ a: '3', b: '1' }))).toEqual({ changed: ['a', 'b'], removed: [] });
    expect(tracker.observe(scan({ a: '3', b: '1' }))).toEqual(nothing);
  });

  it('forgets a change that was taken back', () => {
    const tracker = new ChangeTracker();
    tracker.observe(scan({ a: '1' }));
    tracker.observe(scan({ a: '2' }));
    tracker.observe(scan({ a: '1' }));
    expect(tracker.observe(scan({ a: '1' }))).toEqual(nothing);
  });

  it('counts a folder as removed after two scans without it', () => {
    const tracker = new ChangeTracker();
    tracker.observe(scan({ a: '1' }));
    expect(tracker.observe(scan({}))).toEqual(nothing);
    expect(tracker.observe(scan({}))).toEqual({ changed: [], removed: ['a'] });
    expect(tracker.observe(scan({}))).toEqual(nothing);
  });

  it('does not touch a folder that was away for one scan and came back as it was', () => {
    const tracker = new ChangeTracker();
    tracker.observe(scan({ a: '1' }));
    tracker.observe(scan({}));
    tracker.observe(scan({ a: '1' }));
    expect(tracker.observe(scan({ a: '1' }))).toEqual(nothing);
  });

  it('takes everything at once when asked to', () => {
    const tracker = new ChangeTracker();
    tracker.observe(scan({ a: '1', b: '1' }));
    expect(tracker.observe(scan({ a: '2' }), true)).toEqual({ changed: ['a'], removed: ['b'] });
  });
});

describe('RetryTimes', () => {
  const problem = (code: string): Problem => ({ code, message: '', file: '', line: null, column: null });

  it('waits twice as long each time, up to a minute', () => {
    const retries = new RetryTimes();
    const waits = [5, 10, 20, 40, 60, 60].map((seconds) => seconds * 1_000);
    let nowMs = 0;
    for (const waitMs of waits) {
      retries.failed('a', [problem('DOCKER_UNAVAILABLE')], nowMs);
      expect(retries.due(nowMs + waitMs - 1)).toEqual([]);
      nowMs += waitMs;
      expect(retries.due(nowMs)).toEqual(['a']);
    }
    retries.forget('a');
    retries.failed('a', [problem('BASE_IMAGE_MISSING')], nowMs);
    expect(retries.due(nowMs + 5_000)).toEqual(['a']);
  });

  it("does not try again what is the folder's own fault", () => {
    const retries = new RetryTimes();
    retries.failed('a', [problem('BUILD_FAILED'), problem('LIMIT_INVALID')], 0);
    expect(retries.due(1e9)).toEqual([]);
    expect(retries.all()).toEqual([]);
  });
});

describe('WorkQueue', () => {
  it('works on one folder at a time, and once more on one that changed meanwhile', async () => {
    const steps: string[] = [];
    const gate = Promise.withResolvers<undefined>();
    const queue = new WorkQueue(async (folder) => {
      steps.push(`begin ${folder}`);
      if (folder === 'a') await gate.promise;
      steps.push(`end ${folder}`);
    });
    for (const folder of ['a', 'b', 'c', 'b', 'a']) queue.add(folder);
    queue.drop('c');
    expect([steps, queue.isPending('a'), queue.isPending('c')]).toEqual([['begin a'], true, false]);
    gate.resolve(undefined);
    await queue.whenIdle();
    expect(steps).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin a', 'end a']);
    expect(queue.isPending('a')).toBe(false);
  });

  it('takes nothing more after it was closed', async () => {
    const seen: string[] = [];
    const queue = new WorkQueue((folder) => {
      seen.push(folder);
      return Promise.resolve();
    });
    queue.add('a');
    queue.add('b');
    await queue.close();
    queue.add('c');
    await queue.whenIdle();
    expect(seen).toEqual(['a']);
  });
});

describe('BuildLog', () => {
  it('keeps the last lines of the latest build, escaped', () => {
    const log = new BuildLog();
    log.append('a', 'before any build');
    expect(log.of('a')).toEqual([]);
    log.begin('a');
    for (let index = 0; index <= BUILD_LOG_LINES_MAX; index += 1) log.append('a', `\u001b${index}`);
    expect(log.of('a')).toHaveLength(BUILD_LOG_LINES_MAX);
    expect(log.of('a').at(0)).toBe('\\u001b1');
    log.begin('a');
    expect(log.of('a')).toEqual([]);
  });
});
