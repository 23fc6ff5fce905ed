// A log that a test can read.
import type { LogFields, Logger, LogLevel } from '../../../src/core/ports/logger.ts';

export class CollectingLogger implements Logger {
  readonly lines: { readonly level: LogLevel; readonly message: string; readonly fields: LogFields }[] = [];

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields });
  }
}
