// One invocation with a sandbox of protocol `stream`: a run of its session, until its verdict or until a limit ends it. Whatever is no answer
// that the plugin meant destroys the sandbox, before this settles: so no late reply can ever meet another caller.
import type { InvocationRequest } from '../core/ports/invoker.ts';
import type { InvocationStop } from './invocation-stop.ts';
import type { EndFacts } from './describe-end.ts';
import { killSandbox } from './dismiss-sandbox.ts';
import type { Cause } from './exchange.ts';
import { outcomeOfCause, type CauseTrace } from './judge-trace.ts';
import type { LinkRun, LinkVerdict } from './link-runs.ts';
import { LogLines } from './log-lines.ts';
import type { MemoryVerdict } from './out-of-memory.ts';
import { redactCut } from './redact-cut.ts';
import type { SandboxContext } from './sandbox-context.ts';
import type { HeldSession } from './held-session.ts';
import type { Sandbox } from './sandbox.ts';
import { UsageWatch } from './usage-watch.ts';

type EndedBy = Exclude<Cause, 'ended' | 'timeout' | 'output_limit'>;

export interface StreamTrace {
  readonly verdict: LinkVerdict;
  readonly facts: EndFacts;
  readonly memory: MemoryVerdict;
  /** the session waits for another run: whether the sandbox gets one is the pool's to decide */
  readonly isSound: boolean;
}

/** Outcomes that a plugin gave by an answer of its own. */
const ANSWERS: ReadonlySet<string> = new Set(['ok', 'skipped', 'plugin_error']);

export class StreamExchange {
  readonly #context: SandboxContext;
  readonly #sandbox: Sandbox;
  readonly #session: HeldSession;
  readonly #request: InvocationRequest;
  readonly #stop: InvocationStop;
  #isSettled = false;
  #onSettled: ((settled: undefined) => void) | null = null;
  readonly #ended = Promise.withResolvers<LinkVerdict | EndedBy>();
  readonly #logs: LogLines;
  readonly #usage: UsageWatch;

  constructor(
    context: SandboxContext,
    sandbox: Sandbox,
    session: HeldSession,
    request: InvocationRequest,
    stop: InvocationStop,
  ) {
    const { limits } = request.version.plugin;
    this.#context = context;
    this.#sandbox = sandbox;
    this.#session = session;
    this.#request = request;
    this.#stop = stop;
    this.#logs = new LogLines(limits.logsBytes, request.redactor, (line) => {
      request.onLog(line);
    });
    this.#usage = new UsageWatch(context, sandbox.live().containerId, limits.cpuTimeMs, () => {
      this.#ended.resolve('cpu_time');
    });
  }

  /** Settles when the run has its verdict. Never rejects for what a plugin or the engine does. */
  async run(): Promise<StreamTrace> {
    const { input, nonce, timeoutMs } = this.#request;
    const { link, rounds, gauge, lastUsage } = this.#session;
    const startedAtMs = this.#context.clock.monotonicMs();
    this.#session.served += 1;
    if (gauge !== null) this.#usage.countFrom(lastUsage, gauge);
    // The request goes out before anything else is prepared: there is time for that while the plugin works.
    const run = link.run({ document: input, nonce, timeoutMs }, this.#logs, this.#usage, this.#onVerdict);
    if (gauge !== null) rounds.add(this.#usage);
    this.#stop.listen(this.#ended.resolve);
    const ended = await this.#ended.promise;
    const verdict = typeof ended === 'string' ? await this.#endBy(ended, run, startedAtMs) : ended;
    this.#stop[Symbol.dispose]();
    rounds.delete(this.#usage);
    return await this.#trace(verdict, run, startedAtMs);
  }

  async #trace(verdict: LinkVerdict, run: LinkRun, startedAtMs: number): Promise<StreamTrace> {
    const endedAtMs = this.#context.clock.monotonicMs();
    this.#session.endUsage = this.#usage.look();
    const isSound = ANSWERS.has(verdict.outcome.code) && this.#session.link.isIdle;
    if (!isSound) await this.#kill();
    const { sentAtMs, firstByteAtMs, seenBytes } = run;
    const facts = { logs: this.#logs, usage: this.#usage, output: { seenBytes } };
    const outcome = redactCut(verdict.outcome, this.#request.redactor);
    return {
      verdict: { ...verdict, outcome },
      facts: { ...facts, startedAtMs, sentAtMs, firstByteAtMs, endedAtMs },
      memory: isSound && this.#usage.oomKills > 0 ? 'child' : 'none',
      isSound,
    };
  }

  async #endBy(cause: EndedBy, run: LinkRun, startedAtMs: number): Promise<LinkVerdict> {
    if (cause === 'cancelled') await this.#cancel(run);
    this.#usage.look();
    const trace: CauseTrace = {
      cause,
      usage: this.#usage,
      startedAtMs,
      endedAtMs: this.#context.clock.monotonicMs(),
      output: { seenBytes: run.seenBytes },
    };
    await this.#kill();
    const outcome = outcomeOfCause(trace, this.#request) ?? { code: 'lost', message: 'the invocation was ended' };
    return { outcome, result: null };
  }

  /** The plugin is told, and has the grace to come to an end. */
  async #cancel(run: LinkRun): Promise<void> {
    const settled = Promise.withResolvers<undefined>();
    this.#onSettled = settled.resolve;
    this.#session.link.cancel(run, { reason: 'cancelled', graceMs: this.#context.settings.graceMs });
    if (!this.#isSettled) await settled.promise;
  }

  readonly #onVerdict = (verdict: LinkVerdict): void => {
    this.#isSettled = true;
    this.#ended.resolve(verdict);
    this.#onSettled?.(undefined);
  };

  async #kill(): Promise<void> {
    if (this.#sandbox.ending !== null) return;
    await killSandbox(this.#context, this.#sandbox, this.#sandbox.live().containerId);
  }
}
