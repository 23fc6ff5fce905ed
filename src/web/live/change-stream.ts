// Tells panel pages that something changed, at most once per second, so that a page can load its live parts again. What other programs do to
// runs is told by no event of this one: where the store is shared, the runs under way are looked at now and then.
import type { DomainEvent } from '../../core/events.ts';
import type { WebPorts } from '../ports.ts';
import { Doorbell } from './doorbell.ts';
import { formatSse, SSE_HEARTBEAT, SSE_HELLO } from './sse.ts';

const QUIET_MS = 1_000;
const HEARTBEAT_MS = 10_000;
/** Where the store is shared. */
const LOOK_MS = 2_000;
/** Runs that are looked at, the newest. */
const LOOKED_AT = 50;

const SHOWN: ReadonlySet<DomainEvent['kind']> = new Set([
  'runQueued',
  'runClaimed',
  'runSuspended',
  'approvalDecided',
  'runFinished',
  'hookStarted',
  'hookFinished',
  'invocationStarted',
  'invocationFinished',
  'sandboxMoved',
  'buildFinished',
  'pluginRegistered',
  'pluginRemoved',
  'pluginRefused',
  'quarantineMoved',
  'pressureChanged',
  'engineLost',
  'engineFound',
]);

type ChangePorts = Pick<WebPorts, 'events' | 'clock' | 'sharesStore'> & {
  readonly store: Pick<WebPorts['store'], 'listRuns'>;
};

export async function* streamChanges(ports: ChangePorts, signal: AbortSignal): AsyncGenerator<string> {
  const bell = new Doorbell();
  using _listening = ports.events.subscribe((event) => {
    if (SHOWN.has(event.kind)) bell.ring();
  });
  yield SSE_HELLO;
  const waitMs = ports.sharesStore === true ? LOOK_MS : HEARTBEAT_MS;
  let seen = await lookAt(ports, signal, '');
  for (let quietMs = 0; ;) {
    const hasRung = await bell.wait(ports.clock, waitMs, signal);
    const now = await lookAt(ports, signal, seen);
    quietMs += waitMs;
    if (hasRung || now !== seen) yield formatSse({ id: null, event: 'changed', value: {} });
    else if (quietMs >= HEARTBEAT_MS) yield SSE_HEARTBEAT;
    else continue;
    seen = now;
    quietMs = 0;
    await ports.clock.sleep(QUIET_MS, signal);
  }
}

/** How the newest open runs stand, as a text that differs when they do. @param seen what stands when the store does not answer */
async function lookAt({ store, sharesStore }: ChangePorts, signal: AbortSignal, seen: string): Promise<string> {
  if (sharesStore !== true) return seen;
  try {
    const { items } = await store.listRuns(
      { states: ['queued', 'running', 'waiting'] },
      { limit: LOOKED_AT },
      { signal },
    );
    return JSON.stringify(
      items.map(({ id, state, epoch, hooks }) => [id, state, epoch, hooks.map((hook) => hook.state)]),
    );
  } catch (error) {
    if (signal.aborted) throw error;
    return seen;
  }
}
