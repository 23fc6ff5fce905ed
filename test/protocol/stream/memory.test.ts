// What the codec holds in memory under a line of a gigabyte and a million frames, measured in a process of its own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MIB = 1024 * 1024;

const DEADLINE_MS = 600_000;

test(
  'keeps memory flat under a line of a gigabyte, a million frames, and a flood',
  async () => {
    const script = new URL('../../support/stream/measure-decoder.ts', import.meta.url);
    const args = ['--expose-gc', fileURLToPath(script)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: MIB });
    const measured = JSON.parse(stdout) as Record<'line' | 'frames' | 'flood', { after: number; most: number }>;
    expect(measured).toMatchObject({
      line: { violation: 'too_large' },
      frames: { count: 1_000_000 },
      flood: { state: 'broken', last: { type: 'broken', outcome: { violation: 'flood' } } },
    });
    expect(measured.line.most).toBeLessThan(32 * MIB);
    for (const { after } of Object.values(measured)) expect(after).toBeLessThan(8 * MIB);
  },
  DEADLINE_MS,
);
