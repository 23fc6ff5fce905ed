// Proves which texts are schedules, and when they are due where the clocks change: the hour that is skipped, the hour that comes twice.
import { describe, expect, it } from 'vitest';
import { CronerTimes } from '../../../../src/adapters/croner/croner-cron.ts';

const cron = new CronerTimes();

function ticks(text: string, timezone: string, after: string, count: number): string[] {
  const times = cron.read(text, timezone);
  const found: string[] = [];
  for (let at = times.next(Date.parse(after)); at !== null && found.length < count; at = times.next(at))
    found.push(new Date(at).toISOString().slice(5, 16));
  return found;
}

describe('a schedule', () => {
  it.each([
    ['61 * * * *', /minute: 61/],
    ['* * * *', /five fields, or six/],
    ['* * * * * * *', /five fields, or six/],
    ['2030-01-01T00:00:00', /five fields/],
    ['@daily', /five fields/],
    ['*/0 * * * *', /illegal stepping/],
    ['a * * * *', /illegal characters/],
    ['0 0 31 2 *', /never comes/],
    ['0 0 30 2 *', /never comes/],
  ])('is refused as %j', (text, message) => {
    expect(() => cron.read(text, 'UTC')).toThrow(message);
  });

  it('is refused in a zone that nobody knows', () => {
    expect(() => cron.read('0 0 * * *', 'Mars/Olympus')).toThrow(/Mars\/Olympus/);
  });

  it('has five fields, or six with seconds first, and a tick of every leap year', () => {
    expect(ticks('*/20 * * * *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual(['01-01T00:20', '01-01T00:40']);
    const times = cron.read('*/2 * * * * *', 'UTC');
    expect(times.next(Date.parse('2026-01-01T00:00:01.500Z'))).toBe(Date.parse('2026-01-01T00:00:02Z'));
    expect(times.next(Date.parse('2026-01-01T00:00:02Z'))).toBe(Date.parse('2026-01-01T00:00:04Z'));
    expect(cron.read('0 0 29 2 *', 'UTC').next(Date.parse('2025-01-01T00:00:00Z'))).toBe(Date.parse('2028-02-29'));
  });
});

describe('where the clocks go forward (Paris, 29 March 2026, 02:00 becomes 03:00)', () => {
  it('a fixed time in the missing hour comes when the gap ends', () => {
    const found = ticks('30 2 * * *', 'Europe/Paris', '2026-03-27T12:00:00Z', 3);
    expect(found).toEqual(['03-28T01:30', '03-29T01:00', '03-30T00:30']);
  });

  it('times that repeat within the day skip the missing hour, evenly', () => {
    const found = ticks('*/30 * * * *', 'Europe/Paris', '2026-03-29T00:00:00Z', 4);
    expect(found).toEqual(['03-29T00:30', '03-29T01:00', '03-29T01:30', '03-29T02:00']);
  });
});

describe('where the clocks go back (Paris, 25 October 2026, 03:00 becomes 02:00)', () => {
  it('a fixed time in the hour that comes twice comes once, the first time', () => {
    const found = ticks('30 2 * * *', 'Europe/Paris', '2026-10-23T12:00:00Z', 3);
    expect(found).toEqual(['10-24T00:30', '10-25T00:30', '10-26T01:30']);
  });

  it('times that repeat within the day come in both hours', () => {
    const found = ticks('*/30 * * * *', 'Europe/Paris', '2026-10-24T23:45:00Z', 5);
    expect(found).toEqual(['10-25T00:00', '10-25T00:30', '10-25T01:00', '10-25T01:30', '10-25T02:00']);
  });
});
