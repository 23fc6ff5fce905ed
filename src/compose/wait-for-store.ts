// Opens the store, and waits for one that is away: a program that lasts is started together with its database, or before it. Meanwhile it
// answers on its addresses that it is not ready, and why.
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import { within } from '../core/deadline.ts';
import { createWaitingWeb } from '../web/health/waiting-web.ts';
import type { Ground } from './ground.ts';

/** One try. */
const OPEN_MS = 30_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

type Parts = Pick<Ground, 'store' | 'clock' | 'logger' | 'config'>;

/** @throws GantryError STORE_UNAVAILABLE, STORE_TIMEOUT, STORE_FAILED, STORE_SCHEMA_NEWER */
export async function openStoreAtOnce({ store, clock }: Parts, stop: AbortSignal): Promise<void> {
  await within(clock, OPEN_MS, stop, (signal) => store.open({ signal }));
}

/** Waits as long as it takes. @throws GantryError PORT_TAKEN, STORE_FAILED, STORE_SCHEMA_NEWER; the reason of `stop` */
export async function waitForStore(parts: Parts, stop: AbortSignal): Promise<void> {
  await using stack = new AsyncDisposableStack();
  let latest: GantryError | null = null;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const cause = await tryToOpen(parts, stop);
    if (cause === null) return;
    const isFirst = latest === null;
    latest = cause;
    if (isFirst) await answer(parts, () => latest ?? cause, stack);
    await parts.clock.sleep(waitMs, stop);
  }
}

/** Null when it is open; else why it is away. */
async function tryToOpen(parts: Parts, stop: AbortSignal): Promise<GantryError | null> {
  try {
    await openStoreAtOnce(parts, stop);
    return null;
  } catch (thrown) {
    stop.throwIfAborted();
    if (thrown instanceof GantryError && isAway(thrown)) return thrown;
    throw thrown;
  }
}

function isAway({ code }: GantryError): boolean {
  return code === 'STORE_UNAVAILABLE' || code === 'STORE_TIMEOUT';
}

async function answer(
  { clock, logger, config }: Parts,
  cause: () => GantryError,
  stack: AsyncDisposableStack,
): Promise<void> {
  const urls: string[] = [];
  for (const { host, port } of [config.web, config.metrics]) {
    const web = createWaitingWeb({ cause, clock, logger }, { host, port });
    stack.defer(() => web.close());
    urls.push((await web.listen()).url);
  }
  const { code } = cause();
  logger.log('warn', 'the store is away: waiting for it', { urls: urls.join(' '), code, cause: messageOf(cause()) });
}
