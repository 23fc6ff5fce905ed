// The events of one run as a stream. The store is the source, live events only ring the bell: so a reader that comes back with
// Last-Event-ID misses nothing, and one that is slow makes nobody buffer (the next page is read when the last one left). Progress alone is
// not stored: of each invocation only the latest waits to be sent.
import type { InvocationId, RunId } from '../../core/ids.ts';
import type { DomainEvent, InvocationProgressed } from '../../core/events.ts';
import { isTerminal, type Run } from '../../core/run.ts';
import type { WebPorts } from '../ports.ts';
import { Doorbell } from './doorbell.ts';
import { formatSse, SSE_HEARTBEAT, SSE_HELLO } from './sse.ts';

const PAGE = 100;
/** Looked for without a bell, too: another process may have the run. */
const POLL_MS = 1_000;
const HEARTBEAT_EVERY_POLLS = 10;

type StreamPorts = Pick<WebPorts, 'store' | 'events' | 'clock'>;

/** Ends after the last event of an ended run. Ids are the seq of the event within the run. */
export async function* streamRun(
  ports: StreamPorts,
  runId: RunId,
  afterSeq: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const bell = new Doorbell();
  const progress = new Map<InvocationId, InvocationProgressed>();
  using _listening = ports.events.subscribe((event) => {
    if (event.kind === 'invocationProgressed' && event.runId === runId) progress.set(event.invocationId, event);
    if (runIdOfEvent(event) === runId) bell.ring();
  });
  yield SSE_HELLO;
  let lastSeq = afterSeq;
  let quietPolls = 0;
  for (;;) {
    // Asked before the events are read: what comes in between is then read, too.
    const run = await ports.store.findRun(runId, { signal });
    const page = await ports.store.listEvents(runId, lastSeq, PAGE, { signal });
    for (const event of page) {
      lastSeq = event.seq;
      yield formatSse({ id: String(event.seq), event: event.kind, value: event.body });
    }
    if (page.length === PAGE) continue;
    for (const event of progress.values()) yield formatProgress(event);
    progress.clear();
    if (run === null || isTerminal(run.state)) {
      yield endOf(run);
      return;
    }
    quietPolls = (await bell.wait(ports.clock, POLL_MS, signal)) ? 0 : quietPolls + 1;
    if (quietPolls >= HEARTBEAT_EVERY_POLLS) {
      quietPolls = 0;
      yield SSE_HEARTBEAT;
    }
  }
}

function endOf(run: Run | null): string {
  return formatSse({ id: null, event: 'end', value: { state: run?.state ?? null } });
}

function formatProgress({ invocationId, plugin, progress }: InvocationProgressed): string {
  return formatSse({ id: null, event: 'progress', value: { invocation: invocationId, plugin, ...progress } });
}

function runIdOfEvent(event: DomainEvent): RunId | null {
  if ('invocation' in event) return event.invocation.runId;
  if ('runId' in event) return event.runId;
  return 'run' in event ? event.run.id : null;
}
