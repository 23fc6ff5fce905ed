// Where a command prints. With --json, stdout carries exactly one JSON document; everything else goes to stderr.
import { escapeText } from '../lib/escape-text.ts';

export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

export class Output {
  readonly isJson: boolean;
  readonly isTerminal: boolean;
  readonly #streams: Streams;

  constructor(streams: Streams, isJson: boolean) {
    this.#streams = streams;
    this.isJson = isJson;
    this.isTerminal = streams.stderr.isTTY === true;
  }

  /** The one document of --json. */
  document(value: unknown): void {
    this.#streams.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** A line for people on stdout; hostile characters are escaped. Nothing with --json. */
  line(text = ''): void {
    if (!this.isJson) this.#streams.stdout.write(`${escapeText(text)}\n`);
  }

  /** Progress and errors on stderr. */
  note(text: string): void {
    this.#streams.stderr.write(`${escapeText(text)}\n`);
  }

  /** Rewrites the last line of a terminal. The text must be escaped already or our own. */
  status(text: string): void {
    if (this.isTerminal) this.#streams.stderr.write(`\r\x1b[2K${text}`);
  }

  /** Rows in columns; the first row is the heading. */
  table(rows: readonly (readonly string[])[]): void {
    const widths =
      rows[0]?.map((_, column) => Math.max(...rows.map((row) => escapeText(row[column] ?? '').length))) ?? [];
    for (const row of rows) {
      const cells = row.map((cell, column) =>
        escapeText(cell).padEnd(column === row.length - 1 ? 0 : (widths[column] ?? 0)),
      );
      this.line(cells.join('  ').trimEnd());
    }
  }
}
