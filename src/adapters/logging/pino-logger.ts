// pino behind the Logger port: one JSON object per line to stdout and to the log file. Texts are escaped here, so plugin output that found its
// way into a message cannot break a line or move a terminal's cursor.
import { pino, type Logger as Pino } from 'pino';
import type { LogFields, Logger, LogLevel } from '../../core/ports/logger.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts';

export interface PinoLoggerOptions {
  /** least level that is written */
  readonly level: LogLevel;
  /** null: no file */
  readonly file: RotatingFileOptions | null;
  /** where lines go besides the file; null: nowhere */
  readonly stream: { write(line: string): unknown } | null;
}

export class PinoLogger implements Logger, Disposable {
  readonly #pino: Pino;
  readonly #file: RotatingFile | null;

  /** A log file that cannot be opened is told on the stream and left out. */
  constructor({ level, file, stream }: PinoLoggerOptions) {
    let problem: unknown = null;
    let opened: RotatingFile | null = null;
    try {
      opened = file === null ? null : new RotatingFile(file);
    } catch (error) {
      problem = error;
    }
    this.#file = opened;
    const write = (line: string): void => {
      stream?.write(line);
      opened?.write(line);
    };
    this.#pino = pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      { write },
    );
    if (problem !== null) this.log('error', 'the log file cannot be written', { reason: String(problem) });
  }

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    const safe = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? escapeText(value) : value]),
    );
    this.#pino[level](safe, escapeText(message));
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }
}
