// Colours of a terminal, the same word always the same: green went well, red did not, yellow wants somebody. Texts come in escaped.

const CODES = { green: 32, red: 31, yellow: 33, blue: 34, dim: 2 } as const;
export type Colour = keyof typeof CODES;

const STATES: ReadonlyMap<string, Colour> = new Map([
  ...['succeeded', 'ok', 'ready', 'approve'].map((word) => [word, 'green'] as const),
  ...['failed', 'timed_out', 'reject'].map((word) => [word, 'red'] as const),
  ...['waiting', 'cancelled'].map((word) => [word, 'yellow'] as const),
  ...['running', 'building'].map((word) => [word, 'blue'] as const),
  ...['queued', 'pending', 'skipped'].map((word) => [word, 'dim'] as const),
]);
const MARKS: ReadonlyMap<string, Colour> = new Map([
  ['✓', 'green'],
  ['✗', 'red'],
  ['!', 'yellow'],
  ['▸', 'blue'],
  ['·', 'dim'],
]);

export function paint(colour: Colour, text: string): string {
  return `\u001b[${String(CODES[colour])}m${text}\u001b[0m`;
}

/** A word that is a state, in its colour; any other as it is. */
export function paintState(word: string): string {
  const colour = STATES.get(word);
  return colour === undefined ? word : paint(colour, word);
}

/** The mark at the beginning of a line, in its colour. */
export function paintMark(line: string): string {
  return line.replace(/^( *)([✓✗!▸·])(?= )/u, (whole, blanks: string, mark: string) => {
    const colour = MARKS.get(mark);
    return colour === undefined ? whole : `${blanks}${paint(colour, mark)}`;
  });
}

/** What https://no-color.org asks for, and a terminal that knows no colours. */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>): boolean {
  return (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
}
