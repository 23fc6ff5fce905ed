// Durations and sizes in the notation that the configuration takes.

/** `1536` → `1536`, `2097152` → `2Mi`: the greatest unit that divides evenly. */
export function formatSize(bytes: number): string {
  for (const [unit, size] of [
    ['Gi', 1024 ** 3],
    ['Mi', 1024 ** 2],
    ['Ki', 1024],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${String(bytes / size)}${unit}`;
  }
  return String(bytes);
}

/** `90000` → `90s`: the greatest unit that divides evenly; fractions of a millisecond are rounded. */
export function formatDuration(durationMs: number): string {
  const whole = Math.round(durationMs);
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const) {
    if (whole >= size && whole % size === 0) return `${String(whole / size)}${unit}`;
  }
  return `${String(whole)}ms`;
}
