// Emits the events of one run and keeps them in the store as `<runId>:<seq>`. Call it only after the store acknowledged the
// transition. Emitting is at once; storing is grouped behind it and never holds the run up: a lost event is logged, not fatal.
import type { RunEvent } from '../../core/events.ts';
import type { RunId } from '../../core/ids.ts';
import type { StoredEvent } from '../../core/ports/store.ts';
import { messageOf } from '../../core/errors/gantry-error.ts';
import { tryOnce } from './persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';
import { summarizeEvent } from './summarize-event.ts';

type JournalPorts = Pick<RunPorts, 'store' | 'clock' | 'events' | 'logger'>;
type JournalSettings = Pick<RunSettings, 'storeTimeoutMs'>;

export class RunJournal {
  readonly #runId: RunId;
  readonly #ports: JournalPorts;
  readonly #settings: JournalSettings;
  #seq: number;
  #pending: StoredEvent[] = [];
  #storing: Promise<void> | null = null;

  /** @param lastSeq the number of the run's last stored event, 0 for none */
  constructor(runId: RunId, lastSeq: number, ports: JournalPorts, settings: JournalSettings) {
    this.#runId = runId;
    this.#seq = lastSeq;
    this.#ports = ports;
    this.#settings = settings;
  }

  /**
   * Opens the journal of a run that was queued before.
   * @param isFresh true when no worker has written of the run yet: it has the one event of its start, and the store is not asked
   */
  static async open(
    runId: RunId,
    isFresh: boolean,
    ports: JournalPorts,
    settings: JournalSettings,
  ): Promise<RunJournal> {
    const lastSeq = isFresh ? 1 : await findLastSeq(runId, ports, settings);
    return new RunJournal(runId, lastSeq, ports, settings);
  }

  /** Emits the event and stores it by itself. */
  record(event: RunEvent): void {
    this.#pending.push(this.number(event));
    this.emit(event);
    this.#storing ??= this.#store();
  }

  /** The next event of the run, for who stores it with other things. */
  number(event: RunEvent): StoredEvent {
    this.#seq += 1;
    return {
      runId: this.#runId,
      seq: this.#seq,
      atMs: this.#ports.clock.nowMs(),
      kind: event.kind,
      body: summarizeEvent(event),
    };
  }

  emit(event: RunEvent): void {
    this.#ports.events.emit(event);
  }

  /** Settles when everything recorded is stored or given up. */
  async flush(): Promise<void> {
    while (this.#storing !== null) await this.#storing;
  }

  async #store(): Promise<void> {
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0);
      try {
        await tryOnce({ ...this.#ports, ...this.#settings }, 'appendEvents', (store) =>
          this.#ports.store.appendEvents(batch, store),
        );
      } catch (error) {
        const fields = { runId: this.#runId, count: batch.length, cause: messageOf(error) };
        this.#ports.logger.log('warn', 'events of a run could not be stored', fields);
      }
    }
    this.#storing = null;
  }
}

/** At least that of its start: an event that could not be stored leaves its number free. */
async function findLastSeq(runId: RunId, ports: JournalPorts, settings: JournalSettings): Promise<number> {
  const last = await tryOnce({ ...ports, ...settings }, 'lastEventSeq', (store) =>
    ports.store.lastEventSeq(runId, store),
  );
  return Math.max(1, last);
}
