// A logger for tests that keeps what was said, so that a failing test can show it.
import type { LogFields, Logger, LogLevel } from '../../../src/core/ports/logger.ts';

export class SilentLogger implements Logger {
  readonly lines: { readonly level: LogLevel; readonly message: string; readonly fields: LogFields }[] = [];

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields });
  }
}
