// Where a command prints. With --json, stdout carries exactly one JSON document; everything else goes to stderr. Colour is put on after the
// text was escaped, and only on a terminal that wants it: no text of a plugin can bring its own.
import { escapeText } from '../lib/escape-text.ts';
import { paint, paintMark, paintState } from './paint.ts';

export interface Streams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

export class Output {
  readonly isJson: boolean;
  readonly isTerminal: boolean;
  readonly #streams: Streams;
  readonly #isColoured: boolean;

  /** @param wantsColour what the environment says; without a terminal on stdout there is none */
  constructor(streams: Streams, isJson: boolean, wantsColour = false) {
    this.#streams = streams;
    this.isJson = isJson;
    this.isTerminal = streams.stderr.isTTY === true;
    this.#isColoured = wantsColour && streams.stdout.isTTY === true;
  }

  /** The one document of --json. */
  document(value: unknown): void {
    this.#streams.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** A line for people on stdout; hostile characters are escaped, a mark at its beginning is coloured. Nothing with --json. */
  line(text = ''): void {
    const safe = escapeText(text);
    this.#print(this.#isColoured ? paintMark(safe) : safe);
  }

  /** A line that stands back: what explains the one before it. */
  aside(text: string): void {
    this.#print(this.#isColoured ? paint('dim', escapeText(text)) : escapeText(text));
  }

  /** A line of words, two blanks apart; a word that is a state has its colour. */
  words(words: readonly string[]): void {
    const cells = words.map((word) => this.#cell(word, 0));
    this.#print(this.#isColoured ? paintMark(cells.join('  ')) : cells.join('  '));
  }

  /** Progress and errors on stderr. */
  note(text: string): void {
    this.#streams.stderr.write(`${escapeText(text)}\n`);
  }

  /** Rewrites the last line of a terminal. The text must be escaped already or our own. */
  status(text: string): void {
    if (this.isTerminal) this.#streams.stderr.write(`\r\x1b[2K${text}`);
  }

  /** Rows in columns; the first row is the heading. A last column that is empty in every row is left out. */
  table(rows: readonly (readonly string[])[]): void {
    const [heading = []] = rows;
    const isLastEmpty = rows.length > 1 && rows.slice(1).every((row) => (row[heading.length - 1] ?? '') === '');
    const shown = isLastEmpty ? rows.map((row) => row.slice(0, -1)) : rows;
    const widths = heading.map((_, column) => Math.max(...shown.map((row) => escapeText(row[column] ?? '').length)));
    for (const [index, row] of shown.entries()) {
      const cells = row.map((cell, column) => this.#cell(cell, column === row.length - 1 ? 0 : (widths[column] ?? 0)));
      const text = cells.join('  ').trimEnd();
      this.#print(index === 0 && this.#isColoured ? paint('dim', text) : text);
    }
  }

  /** Escaped, filled up to the width, and coloured when it is a state. */
  #cell(text: string, width: number): string {
    const safe = escapeText(text);
    const shown = this.#isColoured ? paintState(safe) : safe;
    return `${shown}${' '.repeat(Math.max(0, width - safe.length))}`;
  }

  #print(safe: string): void {
    if (!this.isJson) this.#streams.stdout.write(`${safe}\n`);
  }
}
