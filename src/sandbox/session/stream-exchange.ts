// One invocation with a sandbox of protocol `stream`: a run of its session, until its verdict or until a limit ends it. Whatever is no answer
// that the plugin meant destroys the sandbox, before this settles: so no late reply can ever meet another caller. Others that are in flight in
// it end as `lost`; only a plugin that works on several at once, and answered a `cancel` in time, is left to them.
import type { InvocationRequest } from '../../core/ports/invoker.ts';
import type { InvocationStop } from '../invocation-stop.ts';
import type { Reported } from '../../core/reported.ts';
import type { EndFacts } from './describe-end.ts';
import { killSandbox } from '../container/dismiss-sandbox.ts';
import { hasEndedPolitely } from '../container/end-politely.ts';
import type { Cause } from './exchange.ts';
import { outcomeOfCause, type CauseTrace } from './judge-trace.ts';
import { SIBLING_LOST } from '../../protocol/stream/read-answer.ts';
import type { LinkRun, LinkVerdict } from './link-runs.ts';
import { LogLines } from './log-lines.ts';
import type { MemoryVerdict } from './out-of-memory.ts';
import { redactCut } from './redact-cut.ts';
import { Reports } from './reports.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { HeldSession } from '../container/held-session.ts';
import type { Sandbox } from '../container/sandbox.ts';
import { UsageWatch } from './usage-watch.ts';

type EndedBy = Exclude<Cause, 'ended' | 'timeout' | 'output_limit'>;

export interface StreamTrace {
  readonly verdict: LinkVerdict;
  readonly facts: EndFacts;
  readonly memory: MemoryVerdict;
  readonly reported: Reported | null;
  /** the session waits for another run: whether the sandbox gets one is the pool's to decide */
  readonly isSound: boolean;
}

/** Outcomes that a plugin gave by an answer of its own. */
const ANSWERS: ReadonlySet<string> = new Set(['ok', 'skipped', 'plugin_error']);

type Seen = Pick<LinkRun, 'sentAtMs' | 'firstByteAtMs' | 'seenBytes'>;

/** The end of the grace of a plugin that left its `cancel` unanswered, for SIGTERM: at most so many milliseconds, and a quarter of the grace. */
const LAST_MS = 100;

const NOT_SENT: Seen = { sentAtMs: null, firstByteAtMs: null, seenBytes: 0 };

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
  readonly #reports: Reports;

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
    this.#reports = new Reports(context.clock, request.redactor, (progress) => request.onProgress?.(progress));
    this.#usage = new UsageWatch(context, sandbox.live().containerId, limits.cpuTimeMs, () => {
      this.#ended.resolve('cpu_time');
    });
  }

  /** Settles when the run has its verdict. Never rejects for what a plugin or the engine does. */
  async run(): Promise<StreamTrace> {
    const { input, nonce, timeoutMs } = this.#request;
    const { link, rounds, gauge, lastUsage } = this.#session;
    const startedAtMs = this.#context.clock.monotonicMs();
    // Somebody else in it can have ended it since this place was had: nothing is sent.
    if (!link.isOpen)
      return await this.#killed(this.#trace({ outcome: SIBLING_LOST, result: null }, NOT_SENT, startedAtMs));
    this.#session.served += 1;
    const isShared = this.#sandbox.inFlight > 1;
    const moment = { pass: link.pass, nowMs: startedAtMs };
    if (gauge !== null) this.#usage.countFrom(isShared ? gauge.readTogether(moment) : lastUsage, gauge);
    // The request goes out before anything else is prepared: there is time for that while the plugin works.
    const run = link.run(
      { document: input, nonce, timeoutMs },
      {
        logs: this.#logs,
        usage: this.#usage,
        reports: this.#reports,
        services: this.#request.services ?? null,
        onEnded: this.#onVerdict,
      },
    );
    if (gauge !== null) rounds.add(this.#usage);
    this.#stop.listen(this.#ended.resolve);
    const ended = await this.#ended.promise;
    const verdict = typeof ended === 'string' ? await this.#endBy(ended, run, startedAtMs) : ended;
    const trace = this.#trace(verdict, run, startedAtMs);
    return trace.isSound ? trace : await this.#killed(trace);
  }

  async #killed(trace: StreamTrace): Promise<StreamTrace> {
    await this.#kill();
    return trace;
  }

  #trace(verdict: LinkVerdict, run: Seen, startedAtMs: number): StreamTrace {
    const endedAtMs = this.#context.clock.monotonicMs();
    const { rounds, link } = this.#session;
    this.#stop[Symbol.dispose]();
    rounds.delete(this.#usage);
    const isSound = this.#mayGoOn(verdict) && link.isOpen;
    const moment = { pass: link.pass, nowMs: endedAtMs };
    this.#session.endUsage = isSound ? this.#usage.lookTogether(moment) : this.#usage.look();
    const { sentAtMs, firstByteAtMs, seenBytes } = run;
    const [logs, usage, output] = [this.#logs, this.#usage, { seenBytes }];
    const outcome = redactCut(verdict.outcome, this.#request.redactor);
    return {
      verdict: { outcome, result: verdict.result, artifacts: verdict.artifacts },
      facts: { logs, usage, output, startedAtMs, sentAtMs, firstByteAtMs, endedAtMs },
      reported: this.#reports.reported,
      memory: isSound && usage.oomKills > 0 ? 'child' : 'none',
      isSound,
    };
  }

  /**
   * A plugin whose run was cancelled is told, and has the grace to come to an end, SIGTERM shortly before its end included: engines take
   * their time to deliver it. One that cannot be told has the grace from SIGTERM on. For any other cause the session ends at once.
   */
  async #endBy(cause: EndedBy, run: LinkRun, startedAtMs: number): Promise<LinkVerdict> {
    const graceMs = cause === 'cancelled' ? this.#context.settings.graceMs : 0;
    const settled = Promise.withResolvers<undefined>();
    this.#onSettled = settled.resolve;
    const { link } = this.#session;
    const lastMs = Math.min(LAST_MS, Math.floor(graceMs / 4));
    const isTold = link.cancel(run, { reason: cause, graceMs: graceMs - lastMs });
    if (!this.#isSettled) await settled.promise;
    this.#usage.look();
    const isPolite = link.isOpen || (cause === 'cancelled' && (await this.#terminate(isTold ? lastMs : graceMs)));
    const trace: CauseTrace = {
      cause,
      isPolite,
      usage: this.#usage,
      startedAtMs,
      endedAtMs: this.#context.clock.monotonicMs(),
      output: { seenBytes: run.seenBytes },
    };
    const outcome = outcomeOfCause(trace, this.#request) ?? { code: 'lost', message: 'the invocation was ended' };
    return { outcome, result: null };
  }

  /** Whether the sandbox may serve on after it; the session has to live for that as well. */
  #mayGoOn({ outcome: { code } }: LinkVerdict): boolean {
    return ANSWERS.has(code) || (code === 'cancelled' && this.#sandbox.places > 1);
  }

  readonly #onVerdict = (verdict: LinkVerdict): void => {
    this.#isSettled = true;
    this.#ended.resolve(verdict);
    this.#onSettled?.(undefined);
  };

  /** SIGTERM for one that did not hear, or did not mind, its `cancel`. */
  async #terminate(graceMs: number): Promise<boolean> {
    return await hasEndedPolitely(this.#context, this.#sandbox, this.#sandbox.live().containerId, graceMs);
  }

  async #kill(): Promise<void> {
    const sandbox = this.#sandbox;
    if (sandbox.ending !== null) return;
    sandbox.killing ??= killSandbox(this.#context, sandbox, sandbox.live().containerId);
    await sandbox.killing;
  }
}
