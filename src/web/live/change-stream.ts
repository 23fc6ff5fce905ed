// Tells panel pages that something changed, at most once per second, so that a page can load its live parts again.
import type { DomainEvent } from '../../core/events.ts';
import type { WebPorts } from '../ports.ts';
import { Doorbell } from './doorbell.ts';
import { formatSse, SSE_HEARTBEAT, SSE_HELLO } from './sse.ts';

const QUIET_MS = 1_000;
const HEARTBEAT_MS = 10_000;

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

export async function* streamChanges(
  ports: Pick<WebPorts, 'events' | 'clock'>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const bell = new Doorbell();
  using _listening = ports.events.subscribe((event) => {
    if (SHOWN.has(event.kind)) bell.ring();
  });
  yield SSE_HELLO;
  for (;;) {
    const hasChanged = await bell.wait(ports.clock, HEARTBEAT_MS, signal);
    yield hasChanged ? formatSse({ id: null, event: 'changed', value: {} }) : SSE_HEARTBEAT;
    await ports.clock.sleep(QUIET_MS, signal);
  }
}
