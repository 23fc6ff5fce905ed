// Which check an invocation's end is charged to, so that one cause is one failed check. Surprise: what a plugin could not do in the sandbox
// shows only in what it says – no exit code tells a read-only file system from a wrong path –, so its messages are searched for the
// kernel's own words.
import type { Outcome, OutcomeCode } from '../../core/outcome.ts';
import type { Protocol } from '../../core/plugin.ts';
import type { PluginLogLine } from '../../core/ports/invoker.ts';
import type { CheckId } from './checks.ts';
import { tellOutcome } from './match-answer.ts';

export interface Charge {
  readonly check: CheckId;
  readonly reason: string;
}

/** How the languages and their libraries word the errors of the kernel and of name resolution. */
const TRACES: readonly (readonly [CheckId, RegExp])[] = [
  ['read-only-root', /read-only file ?system|\bEROFS\b/i],
  [
    'no-network',
    /network is unreachable|\bENETUNREACH\b|name resolution|\bEAI_AGAIN\b|\bENOTFOUND\b|getaddrinfo|could not resolve|no such host|\bdial (tcp|udp)\b|UnknownHostException|name or service not known|failed to lookup address/i,
  ],
  [
    'any-user',
    /permission denied|\bEACCES\b|\bEPERM\b|operation not permitted|getpwuid|uid not found|no user exists|unknown userid/i,
  ],
];

const CHECK_OF: Partial<Record<OutcomeCode, CheckId>> = {
  timeout: 'deadline',
  oom: 'limits',
  cpu_time: 'limits',
  output_limit: 'limits',
  not_ready: 'ready',
  start_failed: 'ready',
  image: 'ready',
};

/** Ends that say nothing about the plugin: the kit gives up. */
const PLATFORM: ReadonlySet<OutcomeCode> = new Set(['busy', 'engine', 'lost']);

/** Ends by which the plugin itself fell short, whatever was asked of it: evidence of the sandbox may explain them. */
const EXPLAINED: ReadonlySet<OutcomeCode> = new Set([
  'crash',
  'plugin_error',
  'no_result',
  'not_ready',
  'start_failed',
]);

/** True when it was the engine or the machine that failed. */
export function isPlatformFault({ code }: Outcome): boolean {
  return PLATFORM.has(code);
}

/** A good answer is charged to nothing; an error that the plugin reports is, so ask only where none was expected. */
export function chargeEnd(outcome: Outcome, logs: readonly PluginLogLine[], protocol: Protocol): Charge | null {
  if (outcome.code === 'ok' || outcome.code === 'skipped') return null;
  const told = tellOutcome(outcome);
  if (outcome.code === 'protocol' && protocol !== 'text')
    return { check: outcome.violation === 'nonce' ? 'nonce' : 'stdout', reason: told };
  return traceOf(outcome, logs) ?? { check: CHECK_OF[outcome.code] ?? 'good-input', reason: told };
}

function traceOf(outcome: Outcome, logs: readonly PluginLogLine[]): Charge | null {
  if (!EXPLAINED.has(outcome.code)) return null;
  const said = [outcome.message, ...logs.map(({ message }) => message)];
  for (const [check, trace] of TRACES) {
    const line = said.find((text) => trace.test(text));
    if (line === undefined) continue;
    const told = tellOutcome(outcome);
    return { check, reason: line === outcome.message ? told : `${told}; it said: ${line}` };
  }
  return null;
}

/**
 * Whether the plugin met what it was given with an answer, or with an error of its own. A Unix filter has no way to report one but any
 * exit code, and may print nothing.
 */
export function isClean(outcome: Outcome, protocol: Protocol): boolean {
  if (['ok', 'skipped', 'plugin_error', 'denied'].includes(outcome.code)) return true;
  if (protocol !== 'text') return false;
  return outcome.code === 'no_result' || (outcome.code === 'crash' && outcome.signal === null);
}
