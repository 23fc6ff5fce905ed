// Cuts stderr into log lines without ever holding more than one line: a line ends at 8 KiB, everything past the limit is counted and thrown
// away, so a flood costs no memory. The last few lines are kept as the tail that explains a failure.
import type { PluginLogLine } from '../../core/ports/invoker.ts';
import type { Redactor } from '../../core/redact.ts';
import type { RedactStream } from '../../core/redact-stream.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { readLogLine } from '../../protocol/log-line.ts';

export const LOG_LINE_BYTES = 8 * 1024;
const TAIL_LINES = 8;
const LINE_FEED = 10;

export class LogLines {
  readonly #limitBytes: number;
  readonly #redactor: Redactor;
  /** before any cut: of lines, of the limit, of the tail; null until the first byte, as most invocations log nothing */
  #redacted: RedactStream | null = null;
  readonly #onLine: (line: PluginLogLine) => void;
  readonly #tail: string[] = [];
  #parts: Uint8Array[] = [];
  #heldBytes = 0;
  #seenBytes = 0;
  #isCut = false;

  /** @param limitBytes of stderr that are passed on in all */
  constructor(limitBytes: number, redactor: Redactor, onLine: (line: PluginLogLine) => void) {
    this.#limitBytes = limitBytes;
    this.#redactor = redactor;
    this.#onLine = onLine;
  }

  /** Bytes that the plugin wrote, kept or not. */
  get seenBytes(): number {
    return this.#seenBytes;
  }

  get isTruncated(): boolean {
    return this.#seenBytes > this.#limitBytes;
  }

  /** The last lines, joined; for the message of a failure. */
  get tail(): string {
    return this.#tail.join(' | ');
  }

  push(bytes: Uint8Array): void {
    const room = Math.max(0, this.#limitBytes - this.#seenBytes);
    this.#seenBytes += bytes.length;
    if (room > 0) {
      this.#redacted ??= this.#redactor.stream();
      this.#split(this.#redacted.push(bytes.subarray(0, room)));
    }
    if (this.isTruncated) this.#cut();
  }

  /** Takes a line that came as a message of its own; counts like its text on stderr. */
  take({ level, message }: PluginLogLine): void {
    const sizeBytes = Buffer.byteLength(message) + 1;
    const hasRoom = this.#seenBytes + sizeBytes <= this.#limitBytes;
    this.#seenBytes += sizeBytes;
    if (hasRoom) this.#tell({ level, message: this.#safe(message).slice(0, LOG_LINE_BYTES) });
    else this.#cut();
  }

  /** Passes on what stands without a line end. */
  end(): void {
    if (this.#redacted === null) return;
    this.#split(this.#redacted.end());
    this.#endLine();
  }

  #endLine(): void {
    if (this.#heldBytes === 0) return;
    const text = new TextDecoder().decode(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#heldBytes = 0;
    this.#emit(text);
  }

  #cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#redacted?.drop();
    this.end();
    this.#onLine({ level: 'warn', message: `log output over ${this.#limitBytes} bytes is not kept` });
  }

  #split(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      const room = LOG_LINE_BYTES - this.#heldBytes;
      const lineEnd = rest.indexOf(LINE_FEED);
      const isWhole = lineEnd >= 0 && lineEnd <= room;
      const take = isWhole ? lineEnd : Math.min(room, rest.length);
      this.#hold(rest.subarray(0, take));
      if (isWhole || this.#heldBytes >= LOG_LINE_BYTES) this.#endLine();
      rest = rest.subarray(isWhole ? take + 1 : take);
    }
  }

  /** Copies, so that a short line does not keep a whole chunk alive. */
  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(Uint8Array.from(bytes));
    this.#heldBytes += bytes.length;
  }

  #emit(text: string): void {
    const line = readLogLine(text.endsWith('\r') ? text.slice(0, -1) : text);
    this.#tell({ level: line.level, message: this.#safe(line.message) });
  }

  /** Redacted before it is escaped, and once more after: what was escaped in a JSON line is plain only now. */
  #safe(message: string): string {
    return this.#redactor.text(escapeText(this.#redactor.text(message)));
  }

  #tell(line: PluginLogLine): void {
    this.#tail.push(line.message.slice(0, 500));
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    this.#onLine(line);
  }
}
