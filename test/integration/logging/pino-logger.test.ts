// The program's log on a real disk: one harmless JSON object per line, bounded files, and a broken disk is no disaster.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PinoLogger } from '../../../src/adapters/logging/pino-logger.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-log-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function current(): string {
  return readFileSync(join(folder, 'gantry.log'), 'utf8');
}

describe('PinoLogger', () => {
  it('writes the same JSON line to the stream and the file', () => {
    const lines: string[] = [];
    const file = { folder, maxBytes: 65_536, keep: 2 };
    const logger = new PinoLogger({ level: 'info', file, stream: { write: (line) => lines.push(line) } });
    logger.log('warn', 'run failed', { run: 'run_1', durationMs: 5, hook: undefined });
    expect(lines.join('')).toBe(current());
    expect(JSON.parse(current())).toMatchObject({ level: 'warn', msg: 'run failed', run: 'run_1', durationMs: 5 });
    expect(JSON.parse(current())).not.toHaveProperty('hook');
  });

  it('gives a watched terminal lines for people, and the file JSON', () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const file = { folder, maxBytes: 65_536, keep: 2 };
    const logger = new PinoLogger({ level: 'info', file, stream, isWatched: true });
    logger.log('error', 'run failed\u001b[2J', { run: 'run_1', durationMs: 5 });
    expect(lines.join('')).toMatch(/error.*run failed\\u001b\[2J.*run=run_1 durationMs=5/);
    expect(JSON.parse(current())).toMatchObject({ level: 'error', run: 'run_1' });
  });

  it('makes hostile text visible, one line per entry, and cuts what is endless', async () => {
    const logger = new PinoLogger({ level: 'info', file: { folder, maxBytes: 1e6, keep: 2 }, stream: null });
    logger.log('info', 'a\nb\u001b[31m\u202e\u009b', { text: 'x'.repeat(100_000) });
    await logger[Symbol.asyncDispose]();
    expect(current().trimEnd().split('\n')).toHaveLength(1);
    expect(current()).not.toMatch(/[\u001b\u202e\u009b]/);
    expect(current().length).toBeLessThan(20_000);
  });

  it('leaves out what is below its level', () => {
    const logger = new PinoLogger({ level: 'warn', file: { folder, maxBytes: 65_536, keep: 2 }, stream: null });
    logger.log('info', 'quiet');
    logger.log('fatal', 'loud');
    expect(current()).toContain('loud');
    expect(current()).not.toContain('quiet');
  });

  it('puts full files aside and keeps no more than it should', async () => {
    const logger = new PinoLogger({ level: 'info', file: { folder, maxBytes: 1_000, keep: 2 }, stream: null });
    for (let number = 0; number < 100; number += 1) logger.log('info', `line ${String(number)}`);
    await logger[Symbol.asyncDispose]();
    expect(readdirSync(folder).sort()).toEqual(['gantry.log', 'gantry.log.1', 'gantry.log.2']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1_000);
    expect(current()).toContain('line 99');
  });

  it('goes on where an earlier program ended', async () => {
    for (const text of ['first', 'second']) {
      await using logger = new PinoLogger({ level: 'info', file: { folder, maxBytes: 65_536, keep: 2 }, stream: null });
      logger.log('info', text);
    }
    expect(current()).toMatch(/first[^]*second/);
  });

  it('writes what is urgent at once, and what was logged before it first; the rest of a moment comes in one write', async () => {
    const writes: string[] = [];
    const logger = new PinoLogger({ level: 'info', file: null, stream: { write: (lines) => writes.push(lines) } });
    logger.log('info', 'first');
    expect(writes).toEqual([]);
    logger.log('error', 'second');
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatch(/first[^]*second/);
    logger.log('info', 'third');
    logger.log('info', 'fourth');
    await vi.waitUntil(() => writes.length > 1, { timeout: 30_000 });
    expect(writes).toHaveLength(2);
    expect(writes[1]).toMatch(/third[^]*fourth/);
  });

  it('does not fail when the folder cannot be written', () => {
    const path = join(folder, 'a-file');
    writeFileSync(path, '');
    const lines: string[] = [];
    const file = { folder: path, maxBytes: 65_536, keep: 2 };
    const logger = new PinoLogger({ level: 'info', file, stream: { write: (line) => lines.push(line) } });
    logger.log('error', 'still told');
    expect(lines.join('')).toContain('still told');
  });
});
