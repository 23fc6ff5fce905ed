// A log line as somebody reads it who watches a terminal. Files and pipes always get JSON. Its texts were made harmless before.

const COLOURS: Readonly<Record<string, number>> = { warn: 33, error: 31, fatal: 31 };

/** `03:14:40.010  info   plugin built  plugin=report durationMs=444`, with the time (UTC) and the fields standing back. */
export function humanLine(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const colour = COLOURS[String(level)];
  const name = String(level).padEnd(5);
  const told = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`);
  return [
    dim(String(time).slice(11, 23)),
    colour === undefined ? name : `\u001b[${String(colour)}m${name}\u001b[0m`,
    `${String(msg)}${told.length === 0 ? '' : dim(`  ${told.join(' ')}`)}\n`,
  ].join('  ');
}

function dim(text: string): string {
  return `\u001b[2m${text}\u001b[0m`;
}
