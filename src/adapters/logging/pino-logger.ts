// pino behind the Logger port: one JSON object per line to a stream and to a rotating file, the lines of a moment in one write. Texts from
// plugins reach the log, so every text is made harmless for terminals, and cut to a length; JSON itself escapes no bidi or C1 controls.
import pino from 'pino';
import type { LogFields, Logger, LogLevel } from '../../core/ports/logger.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { humanLine } from './human-line.ts';
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts';

export interface PinoLoggerOptions {
  /** least level that is written */
  readonly level: LogLevel;
  /** null: no file */
  readonly file: RotatingFileOptions | null;
  /** null: no stream; stdout for a server, stderr for a command */
  readonly stream: { write(line: string): unknown } | null;
  /** somebody watches the stream: it gets lines for people instead of JSON */
  readonly isWatched?: boolean;
}

const TEXT_CHARS_MAX = 8_192;
/** Lines that nobody has to see at once wait for this time, up to so many. */
const HELD_MS = 20;
const HELD_LINES_MAX = 500;
const URGENT: ReadonlySet<LogLevel> = new Set(['warn', 'error', 'fatal']);

export class PinoLogger implements Logger, AsyncDisposable {
  readonly #pino: pino.Logger;
  readonly #file: RotatingFile | null;
  readonly #stream: PinoLoggerOptions['stream'];
  readonly #isWatched: boolean;
  #held: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #timeMs = -1;
  #timeText = '';

  constructor({ level, file, stream, isWatched = false }: PinoLoggerOptions) {
    this.#isWatched = isWatched;
    this.#file = file === null ? null : new RotatingFile(file);
    this.#stream = stream;
    const write = (line: string): void => {
      this.#held.push(line);
      // Not by itself a reason to go on: the exit flushes, too.
      this.#timer ??= setTimeout(this.#flush, HELD_MS).unref();
    };
    process.once('exit', this.#flush);
    const formatters = { level: (label: string) => ({ level: label }) };
    this.#pino = pino({ level, base: null, timestamp: this.#time, formatters }, { write });
  }

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    const safe: Record<string, string | number | boolean | null> = {};
    for (const name of Object.keys(fields)) {
      const value = fields[name];
      if (value !== undefined) safe[name] = typeof value === 'string' ? harmless(value) : value;
    }
    this.#pino[level](safe, harmless(message));
    if (URGENT.has(level) || this.#held.length > HELD_LINES_MAX) this.#flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#flush);
    this.#flush();
    this.#file?.close();
    return Promise.resolve();
  }

  /** Written out once for each millisecond. */
  readonly #time = (): string => {
    const nowMs = Date.now();
    if (nowMs !== this.#timeMs) {
      this.#timeMs = nowMs;
      this.#timeText = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return this.#timeText;
  };

  /** One write for all lines. The exit of the program does not lose them; its sudden death may lose those of the last moment. */
  readonly #flush = (): void => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const lines = this.#held;
    if (lines.length === 0) return;
    this.#held = [];
    this.#stream?.write((this.#isWatched ? lines.map(humanLine) : lines).join(''));
    this.#file?.write(lines);
  };
}

function harmless(text: string): string {
  return escapeText(text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text);
}
