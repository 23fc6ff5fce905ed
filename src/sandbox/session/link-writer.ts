// Writes what a session says into its plugin's stdin, one writer at a time. Where several runs may begin in one turn, their lines leave
// together: a write wakes the plugin up, and that costs more than all else of a small line.
import { giveBack } from '../../core/give-back.ts';
import type { Attachment } from '../../core/ports/container-engine.ts';

/** Of the session that speaks. */
export interface LinkSpeech {
  /** Lines in their order, long ones in pieces, for the writer to keep; asked for again only when they are written. */
  takeOutput(): readonly Uint8Array[];
  /** of the run that began last */
  lastRunId(): number;
  /** The runs up to that id have been written. */
  onSent(lastRunId: number): void;
}

/** Longer lines are written one by one: a copy would cost more than a write. */
const JOINED_BYTES_MAX = 64 * 1024;

export class LinkWriter {
  readonly #attachment: Attachment;
  readonly #over: AbortSignal;
  readonly #speech: LinkSpeech;
  #isAtIt = false;
  #isInputEnding = false;

  /** @param over nothing is written or waited for any more */
  constructor(attachment: Attachment, over: AbortSignal, speech: LinkSpeech) {
    this.#attachment = attachment;
    this.#over = over;
    this.#speech = speech;
  }

  /** Writes what there is, now or, if `mayJoin`, once all that were woken together have said what they have to say. */
  write(mayJoin: boolean): void {
    if (this.#isAtIt) return;
    this.#isAtIt = true;
    void this.#write(mayJoin);
  }

  /** Closes the plugin's stdin once all is written: `write` follows. */
  endInput(): void {
    this.#isInputEnding = true;
  }

  /** The session is asked again only when all is written: a plugin that does not read fills nobody's memory. */
  async #write(mayJoin: boolean): Promise<void> {
    if (mayJoin) await Promise.resolve();
    try {
      for (let lines = this.#speech.takeOutput(); lines.length > 0; lines = this.#speech.takeOutput()) {
        const lastRunId = this.#speech.lastRunId();
        for (const piece of joined(lines)) {
          if (!this.#attachment.write(piece)) await this.#attachment.flushed({ signal: this.#over });
          giveBack(piece);
        }
        this.#speech.onSent(lastRunId);
      }
      if (this.#isInputEnding) this.#attachment.closeInput();
      this.#isInputEnding = false;
    } catch {
      // A plugin may end without reading: the exit tells.
    } finally {
      this.#isAtIt = false;
    }
  }
}

function joined(lines: readonly Uint8Array[]): readonly Uint8Array[] {
  if (lines.length === 1 || lines.reduce((sum, line) => sum + line.length, 0) > JOINED_BYTES_MAX) return lines;
  return [Buffer.concat(lines)];
}
