// Numbers and texts as people read them. What comes from plugins passes escapeText, so that it cannot disguise itself on a page.
import type { JsonValue } from '../../core/json.ts';
import type { Progress } from '../../core/reported.ts';
import { escapeText } from '../../lib/escape-text.ts';

/** `84 ms`, `1.24 s`, `2 min 5 s`, `3 h 20 min`. */
export function formatSpan(durationMs: number): string {
  if (durationMs < 1) return durationMs <= 0 ? '0 ms' : '< 1 ms';
  if (durationMs < 1_000) return `${String(Math.round(durationMs))} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3_600) return joined([Math.floor(seconds / 60), 'min'], [seconds % 60, 's']);
  return joined([Math.floor(seconds / 3_600), 'h'], [Math.floor((seconds % 3_600) / 60), 'min']);
}

function joined(...parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${String(count)} ${unit}`)
    .join(' ');
}

/** `512 B`, `12.3 KiB`, `128 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024 || unit === 'GiB') return `${rounded(value)} ${unit}`;
    value /= 1024;
  }
  return String(bytes);
}

function rounded(value: number): string {
  return Number.isInteger(value) || value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

/** `2026-01-31 12:00:00` of an ISO time: the page says once that all times are UTC. */
export function formatTime(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}

const SHOWN_CHARS_MAX = 64 * 1024;

export interface ShownJson {
  readonly text: string;
  readonly isCut: boolean;
}

/** Indented JSON, cut to what a page can carry. */
export function formatJson(value: JsonValue): ShownJson {
  const whole = JSON.stringify(value, null, 2);
  const text = whole.slice(0, SHOWN_CHARS_MAX).split('\n').map(escapeText).join('\n');
  return { text, isCut: whole.length > SHOWN_CHARS_MAX };
}

/** `3 of 10 · half way`; the text is escaped already. */
export function formatProgress({ done, total, message }: Progress): string {
  return `${String(done)}${total === null ? '' : ` of ${String(total)}`}${message === null ? '' : ` · ${message}`}`;
}
