// The last lines of each plugin's latest build. Lines come from an author's commands: they are escaped and cut here.
import { escapeText } from '../lib/escape-text.ts';

export const BUILD_LOG_LINES_MAX = 500;
const LINE_LENGTH_MAX = 2_000;

export class BuildLog {
  readonly #lines = new Map<string, string[]>();

  /** Forgets the build before. */
  begin(plugin: string): void {
    this.#lines.set(plugin, []);
  }

  append(plugin: string, line: string): void {
    const lines = this.#lines.get(plugin);
    if (lines === undefined) return;
    lines.push(escapeText(line.slice(0, LINE_LENGTH_MAX)));
    if (lines.length > BUILD_LOG_LINES_MAX) lines.shift();
  }

  remove(plugin: string): void {
    this.#lines.delete(plugin);
  }

  /** Oldest first; empty when nothing was built since the program started. */
  of(plugin: string): readonly string[] {
    return [...(this.#lines.get(plugin) ?? [])];
  }
}
