// Units as people write them: what is taken, what is refused as a guess, and that writing and reading fit.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize } from '../../../src/lib/format-units.ts';
import { parseDurationMs } from '../../../src/lib/parse-duration.ts';
import { parseSizeBytes } from '../../../src/lib/parse-size.ts';

describe('parseDurationMs', () => {
  it.each([
    ['0ms', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('reads %s as %d ms', (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });

  it.each([
    '',
    '5',
    's',
    '-5s',
    '+5s',
    '1.5s',
    '1e3s',
    '5 s',
    ' 5s',
    '5s ',
    '5s\n',
    '5S',
    '1y',
    '1h30m',
    '٣s',
    '0x5s',
    `${'9'.repeat(13)}s`,
  ])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeNull();
  });
});

describe('parseSizeBytes', () => {
  it.each<[string | number, number]>([
    ['0Ki', 0],
    ['512Ki', 524_288],
    ['128Mi', 134_217_728],
    ['1Gi', 1_073_741_824],
    [0, 0],
    [1536, 1536],
  ])('reads %j as %d bytes', (value, bytes) => {
    expect(parseSizeBytes(value)).toBe(bytes);
  });

  it.each<string | number>([
    '',
    '128',
    '128M',
    '128MB',
    '128MiB',
    '128mi',
    '1.5Gi',
    '-1Mi',
    '1 Mi',
    '1Mi\n',
    '1Ti',
    `${'9'.repeat(12)}Gi`,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
  ])('refuses %j', (value) => {
    expect(parseSizeBytes(value)).toBeNull();
  });
});

describe('formatting', () => {
  it('writes durations that read back as the same number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 - 1 }), (ms) => parseDurationMs(formatDuration(ms)) === ms),
    );
  });

  it('writes sizes that read back as the same number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
        const text = formatSize(bytes);
        return parseSizeBytes(/^\d+$/.test(text) ? Number(text) : text) === bytes;
      }),
      { examples: [[1_046_498_286_522_368]] },
    );
  });

  it('takes the greatest unit that divides evenly', () => {
    expect([0, 999, 90_000, 3_600_000, 86_400_000, 1.6].map(formatDuration)).toEqual([
      '0ms',
      '999ms',
      '90s',
      '1h',
      '1d',
      '2ms',
    ]);
    expect([0, 1536, 2_097_152, 1024, 3 * 1024 ** 3].map(formatSize)).toEqual(['0', '1536', '2Mi', '1Ki', '3Gi']);
  });
});
