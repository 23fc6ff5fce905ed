// The rhythm of what is swept: a first sweep when the catalog is settled, then one at each interval, each a little off, so that instances on
// one engine or one store do not sweep at once.
import { messageOf } from '../core/errors/gantry-error.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { IdSource } from '../core/ports/id-source.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';

/** The first sweep is not part of the start. */
const FIRST_DELAY_MS = 60_000;

export interface SweepLoop {
  readonly sweeper: { sweep(request: { readonly isDryRun: boolean }, signal: AbortSignal): Promise<unknown> };
  /** what it looks for, in words */
  readonly subject: string;
  readonly catalog: Pick<PluginCatalog, 'settled'>;
  readonly clock: Clock;
  readonly ids: Pick<IdSource, 'randomHex'>;
  readonly logger: Logger;
  readonly intervalMs: number;
}

/** Sweeps until it is disposed of, which waits for the end of the request that is under way. */
export function sweepForEver(loop: SweepLoop): AsyncDisposable {
  const stop = new AbortController();
  const running = run(loop, stop.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('the program ends'));
      await running;
    },
  };
}

async function run(loop: SweepLoop, signal: AbortSignal): Promise<void> {
  const { catalog, clock, ids, intervalMs } = loop;
  const part = (): number => Number.parseInt(ids.randomHex(2), 16) / 0x1_0000;
  try {
    await catalog.settled(signal);
    await clock.sleep(Math.min(FIRST_DELAY_MS, intervalMs) * (0.5 + 0.5 * part()), signal);
    for (;;) {
      await sweepOnce(loop, signal);
      await clock.sleep(intervalMs * (0.9 + 0.2 * part()), signal);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}

/** What fails is said, and tried again at the next turn. */
async function sweepOnce({ sweeper, logger, subject }: SweepLoop, signal: AbortSignal): Promise<void> {
  try {
    await sweeper.sweep({ isDryRun: false }, signal);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    logger.log('warn', `${subject} could not be looked for`, { cause: messageOf(thrown) });
  }
}
