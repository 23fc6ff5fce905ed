// Looks at the invocations of one session at short intervals, by one clockwork for all of them: most are over before the next look, and one
// that finds it going costs no timer. It ends by itself once there was nothing to look at for a whole interval.
import type { Clock } from '../../core/ports/clock.ts';
import type { CgroupUsage } from '../../core/ports/usage-meter.ts';
import type { UsageWatch } from './usage-watch.ts';

export class UsageRounds implements Disposable {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #over = new AbortController();
  readonly #watches = new Set<UsageWatch>();
  #isGoing = false;
  #wasUsed = false;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  add(watch: UsageWatch): void {
    this.#watches.add(watch);
    this.#wasUsed = true;
    if (!this.#isGoing) void this.#go();
  }

  delete(watch: UsageWatch): void {
    this.#watches.delete(watch);
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }

  async #go(): Promise<void> {
    this.#isGoing = true;
    while (this.#wasUsed) {
      this.#wasUsed = false;
      try {
        await this.#clock.sleep(this.#intervalMs, this.#over.signal);
      } catch {
        return;
      }
      let usage: CgroupUsage | null = null;
      for (const watch of this.#watches) {
        // They are in one sandbox: one reading tells of all.
        if (usage === null) usage = watch.look();
        else watch.take(usage);
      }
      this.#wasUsed ||= this.#watches.size > 0;
    }
    this.#isGoing = false;
  }
}
