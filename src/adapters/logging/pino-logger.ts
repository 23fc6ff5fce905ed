// pino behind the Logger port: one JSON object per line to a stream and to a rotating file. Texts from plugins reach the log, so every
// text is made harmless for terminals, and cut to a length; JSON itself escapes no bidi or C1 controls.
import pino from 'pino';
import type { LogFields, Logger, LogLevel } from '../../core/ports/logger.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts';

export interface PinoLoggerOptions {
  /** least level that is written */
  readonly level: LogLevel;
  /** null: no file */
  readonly file: RotatingFileOptions | null;
  /** null: no stream; stdout for a server, stderr for a command */
  readonly stream: { write(line: string): unknown } | null;
}

const TEXT_CHARS_MAX = 8_192;

export class PinoLogger implements Logger, AsyncDisposable {
  readonly #pino: pino.Logger;
  readonly #file: RotatingFile | null;

  constructor({ level, file, stream }: PinoLoggerOptions) {
    this.#file = file === null ? null : new RotatingFile(file);
    const write = (line: string): void => {
      stream?.write(line);
      this.#file?.write(line);
    };
    const formatters = { level: (label: string) => ({ level: label }) };
    this.#pino = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, { write });
  }

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    const safe: Record<string, string | number | boolean | null> = {};
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) safe[name] = typeof value === 'string' ? harmless(value) : value;
    }
    this.#pino[level](safe, harmless(message));
  }

  /** Lines are written at once, so closing only frees the file. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#file?.close();
    return Promise.resolve();
  }
}

function harmless(text: string): string {
  return escapeText(text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text);
}
