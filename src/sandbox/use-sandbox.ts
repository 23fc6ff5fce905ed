// One invocation in a sandbox that was had: the exchange by the plugin's protocol, its verdict, and what happened on the way, as one end.
import type { Outcome } from '../core/outcome.ts';
import type { InvocationEnd, InvocationRequest } from '../core/ports/invoker.ts';
import { phasesOf, usageOf, warningsOf, type EndFacts } from './session/describe-end.ts';
import { Exchange } from './session/exchange.ts';
import type { InvocationStop } from './invocation-stop.ts';
import { judgeTrace } from './session/judge-trace.ts';
import { whoRanOutOfMemory } from './session/out-of-memory.ts';
import type { SandboxContext } from './sandbox-context.ts';
import type { HeldSession } from './container/held-session.ts';
import { StreamExchange, type StreamTrace } from './session/stream-exchange.ts';
import type { Taken } from './pool/taken.ts';

export interface Used {
  readonly end: InvocationEnd;
  /** true: give it back to be looked over and used again; false: it has ended, or must */
  readonly isSound: boolean;
}

type Verdict = Pick<InvocationEnd, 'outcome' | 'result' | 'artifacts'>;

export interface Asked {
  readonly request: InvocationRequest;
  readonly stop: InvocationStop;
  /** how long it waited for its sandbox */
  readonly waitedMs: number;
}

export function useSandbox(context: SandboxContext, taken: Taken, asked: Asked): Promise<Used> {
  const { session } = taken.sandbox;
  return session === null ? useOnce(context, taken, asked) : useSession(context, taken, session, asked);
}

async function useOnce(context: SandboxContext, taken: Taken, { request, stop, waitedMs }: Asked): Promise<Used> {
  const trace = await new Exchange(context, taken.sandbox, { ...request, stop: stop.signal }).run();
  const memory = await whoRanOutOfMemory(context, taken.sandbox, trace);
  const verdict = judgeTrace(trace, request, memory === 'plugin');
  report(context, trace, verdict.outcome, request);
  return { end: endOf(taken, verdict, trace, { memory, reported: null, waitedMs }), isSound: false };
}

async function useSession(
  context: SandboxContext,
  taken: Taken,
  session: HeldSession,
  { request, stop, waitedMs }: Asked,
): Promise<Used> {
  const exchange = new StreamExchange(context, taken.sandbox, session, request, stop);
  const { verdict, facts, memory, reported, isSound } = await exchange.run();
  report(context, facts, verdict.outcome, request);
  return { end: endOf(taken, verdict, facts, { memory, reported, waitedMs }), isSound };
}

function endOf(
  { sandbox, kind, cleanliness }: Taken,
  verdict: Verdict,
  facts: EndFacts,
  { memory, reported, waitedMs }: Pick<StreamTrace, 'memory' | 'reported'> & Pick<Asked, 'waitedMs'>,
): InvocationEnd {
  return {
    outcome: verdict.outcome,
    result: verdict.result,
    artifacts: verdict.artifacts,
    warnings: warningsOf(facts, memory),
    sandboxId: sandbox.id,
    sandboxKind: kind,
    cleanliness,
    transport: sandbox.transport,
    phases: phasesOf(facts, waitedMs),
    usage: usageOf(facts),
    reported,
  };
}

function report(context: SandboxContext, facts: EndFacts, outcome: Outcome, request: InvocationRequest): void {
  const { events } = context;
  const plugin = request.version.plugin.name;
  if ('breach' in outcome) events.emit({ kind: 'quotaBreached', plugin, limit: outcome.breach.limit });
  if (facts.usage.pidsRefused > 0) events.emit({ kind: 'quotaBreached', plugin, limit: 'pids' });
  if (facts.logs.isTruncated) events.emit({ kind: 'quotaBreached', plugin, limit: 'logsBytes' });
  const { throttledMs } = facts.usage;
  if (throttledMs > 0) events.emit({ kind: 'cpuThrottled', plugin, throttledMs });
}
