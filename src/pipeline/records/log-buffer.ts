// Log lines of plugins on their way to the store: written in batches, bounded in number and size. When the store cannot keep up, new
// lines are dropped and a notice says how many: a flood of logs never holds up a run and never eats the memory.
import { messageOf } from '../../core/errors/gantry-error.ts';
import type { LogLine } from '../../core/events.ts';
import { tryOnce } from './persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

const BATCH_LINES = 500;
const LINES_MAX = 20_000;
const CHARACTERS_MAX = 16 * 1024 * 1024;
const TRIES_MAX = 3;
const PAUSE_MS = 250;

type LogPorts = Pick<RunPorts, 'store' | 'clock' | 'logger'>;

export class LogBuffer {
  readonly #ports: LogPorts;
  readonly #settings: Pick<RunSettings, 'storeTimeoutMs'>;
  #lines: LogLine[] = [];
  #characters = 0;
  #dropped: { readonly last: LogLine; readonly count: number } | null = null;
  #writing: Promise<void> | null = null;

  constructor(ports: LogPorts, settings: Pick<RunSettings, 'storeTimeoutMs'>) {
    this.#ports = ports;
    this.#settings = settings;
  }

  add(line: LogLine): void {
    if (this.#lines.length >= LINES_MAX || this.#characters + line.message.length > CHARACTERS_MAX) {
      this.#dropped = { last: line, count: (this.#dropped?.count ?? 0) + 1 };
    } else this.#push(line);
    this.#writing ??= this.#write();
  }

  /** Settles when everything added so far is stored or given up. */
  async flush(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  #push(line: LogLine): void {
    this.#lines.push(line);
    this.#characters += line.message.length;
  }

  async #write(): Promise<void> {
    await Promise.resolve();
    while (this.#lines.length > 0 || this.#dropped !== null) {
      const batch = this.#lines.splice(0, BATCH_LINES);
      for (const line of batch) this.#characters -= line.message.length;
      if (this.#lines.length === 0) this.#notice(batch);
      await this.#store(batch);
    }
    this.#writing = null;
  }

  #notice(batch: LogLine[]): void {
    if (this.#dropped === null) return;
    const { last, count } = this.#dropped;
    this.#dropped = null;
    batch.push({ ...last, level: 'warn', message: `${String(count)} log lines were dropped: the store was too slow` });
  }

  async #store(batch: readonly LogLine[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await tryOnce({ ...this.#ports, ...this.#settings }, 'appendLogs', (store) =>
          this.#ports.store.appendLogs(batch, store),
        );
        return;
      } catch (error) {
        const fields = { count: batch.length, tries, cause: messageOf(error) };
        this.#ports.logger.log('warn', 'log lines could not be stored', fields);
        if (tries >= TRIES_MAX) return;
      }
      await this.#ports.clock.sleep(PAUSE_MS * tries);
    }
  }
}
