// Joins one stream session to its container's pipes and to the clock: what a session says is written, what comes is given to it, and its
// deadlines come true. Surprise: stderr and stdout travel apart, so stderr that comes after an answer still belongs to the run before.
import type { Outcome } from '../../core/outcome.ts';
import { messageOf } from '../../core/errors/gantry-error.ts';
import type {
  Question,
  Said,
  SessionEvent,
  SessionOptions,
  StreamCancel,
  StreamRun,
} from '../../protocol/stream/session-events.ts';
import { StreamSession } from '../../protocol/stream/stream-session.ts';
import type { SessionLink } from '../container/held-session.ts';
import { LinkQuestions } from './link-questions.ts';
import { LinkWriter } from './link-writer.ts';
import { LinkRuns, type LinkRun, type RunListener } from './link-runs.ts';
import type { LogLines } from './log-lines.ts';
import { whoRanOutOfMemory } from './out-of-memory.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Live, Sandbox } from '../container/sandbox.ts';
import type { UsageWatch } from './usage-watch.ts';

export class StreamLink implements SessionLink {
  readonly #context: SandboxContext;
  readonly #sandbox: Sandbox;
  readonly #live: Live;
  readonly #session: StreamSession;
  readonly #runs: LinkRuns;
  readonly #ready = Promise.withResolvers<Outcome | null>();
  readonly #closed = Promise.withResolvers<undefined>();
  readonly #readOut = Promise.withResolvers<undefined>();
  readonly #over = new AbortController();
  readonly #questions = new LinkQuestions();
  readonly #writer: LinkWriter;
  #timer: AbortController | null = null;
  #armedAtMs = Infinity;
  #isLost = false;
  #isSettling = false;
  #pass = 0;

  /** @param logs and @param usage those of the start */
  constructor(context: SandboxContext, sandbox: Sandbox, options: SessionOptions, logs: LogLines, usage: UsageWatch) {
    this.#context = context;
    this.#sandbox = sandbox;
    this.#live = sandbox.live();
    this.#session = new StreamSession(options);
    this.#writer = new LinkWriter(this.#live.attachment, this.#over.signal, {
      takeOutput: () => this.#session.takeOutput(),
      lastRunId: () => this.#runs.lastId,
      onSent: (lastRunId) => {
        this.#runs.noteSent(lastRunId, this.#nowMs());
      },
    });
    this.#runs = new LinkRuns(logs, usage, (request, answer) => {
      this.#session.answer(request, answer);
      this.#step();
    });
  }

  get isIdle(): boolean {
    return !this.#isLost && this.#session.state === 'idle';
  }

  get isOpen(): boolean {
    return this.isIdle || (!this.#isLost && this.#session.state === 'busy');
  }

  get pass(): number {
    return this.#pass;
  }

  get places(): number {
    return this.#session.slots;
  }

  get offers(): readonly Question[] {
    return this.#session.offers;
  }

  async ask(method: Question, timeoutMs: number): Promise<Said> {
    const answer = this.#questions.answerTo(this.#session.ask(method, timeoutMs, this.#nowMs()));
    this.#step();
    return await answer;
  }

  /** Greets the plugin. @returns null when it is ready for runs, else why it will never be */
  async open(): Promise<Outcome | null> {
    void this.#read();
    void this.#followEnd();
    this.#session.start(this.#nowMs());
    this.#step();
    return await this.#ready.promise;
  }

  /** Only while it is open and has a place left. */
  run(run: StreamRun, listener: RunListener): LinkRun {
    const id = this.#session.run(run, this.#nowMs());
    const open = this.#runs.add(id, listener);
    this.#step();
    return open;
  }

  cancel(run: LinkRun, cancel: StreamCancel): boolean {
    const isTold = this.#session.cancel(run.id, cancel, this.#nowMs());
    this.#step();
    return isTold;
  }

  /** Ends it politely if it is idle; settles when the process has ended or the grace is over. */
  async close(graceMs: number): Promise<void> {
    if (!this.isIdle || this.#over.signal.aborted) return;
    this.#session.close(graceMs, this.#nowMs());
    this.#step();
    await this.#closed.promise;
  }

  /** Lets go: nothing is read, written or awaited any more. */
  [Symbol.dispose](): void {
    this.#over.abort();
    this.#timer?.abort();
    this.#closed.resolve(undefined);
    this.#questions.end('the sandbox ended');
  }

  async #read(): Promise<void> {
    try {
      await this.#live.attachment.read((stream, bytes) => {
        if (stream === 'stderr') this.#runs.lastLogs.push(bytes);
        else this.#receive(bytes);
      });
    } catch (error) {
      // That the stream broke says nothing: the exit does, or the loss of the engine.
      this.#context.logger.log('debug', 'the stream of a sandbox broke', {
        sandbox: this.#sandbox.id,
        error: messageOf(error),
      });
    }
    this.#readOut.resolve(undefined);
  }

  #receive(bytes: Uint8Array): void {
    const nowMs = this.#nowMs();
    this.#pass += 1;
    this.#runs.noteOutput(bytes.length, nowMs);
    this.#session.receive(bytes, nowMs);
    this.#step();
  }

  /** The end of the output and the exit, both: either alone can come first, and either alone proves nothing. */
  async #followEnd(): Promise<void> {
    const ending = await this.#sandbox.ended;
    if (this.#over.signal.aborted) return;
    if (ending.kind === 'lost') {
      this.#lose(ending.message);
      return;
    }
    await this.#readOut.promise;
    // Its process has ended: no deadline may come true while we ask why.
    this.#isSettling = true;
    this.#timer?.abort();
    const { lastLogs: logs, lastUsage: usage } = this.#runs;
    const memory = await whoRanOutOfMemory(this.#context, this.#sandbox, { cause: 'ended', ending, usage });
    logs.end();
    const end = {
      exitCode: ending.exitCode,
      isOutOfMemory: memory === 'plugin',
      memoryLimitBytes: this.#sandbox.version.plugin.limits.memoryBytes,
      memoryPeakBytes: usage.memoryPeakBytes,
      stderrTail: logs.tail,
    };
    this.#session.end(end, 0);
    this.#step();
  }

  #lose(why: string): void {
    this.#isLost = true;
    const outcome: Outcome = { code: 'lost', message: `the engine was lost while the plugin ran: ${why}` };
    this.#runs.endAll(outcome);
    this.#ready.resolve({ code: 'engine', message: `the engine was lost before the plugin was ready: ${why}` });
    this[Symbol.dispose]();
  }

  /** After everything that was done to the session: tells what happened, writes what it has to say, minds its next deadline. */
  #step(): void {
    for (const event of this.#session.takeEvents()) this.#take(event);
    this.#writer.write(this.places > 1);
    this.#arm();
  }

  /** What moves is the session's own business. */
  #take(event: SessionEvent): void {
    if (this.#runs.take(event)) return;
    switch (event.type) {
      case 'endInput':
        this.#writer.endInput();
        return;
      case 'ready':
        this.#ready.resolve(null);
        return;
      case 'broken':
        this.#ready.resolve(event.outcome);
        this.#closed.resolve(undefined);
        return;
      case 'closed':
        this.#closed.resolve(undefined);
        return;
      default:
        this.#note(event);
    }
  }

  #note(event: SessionEvent): void {
    if (event.type === 'answered') this.#questions.take(event.id, event.said);
    const message = event.type === 'ignored' ? event.reason : 'an answer came after its deadline';
    if (event.type === 'ignored' || event.type === 'dropped')
      this.#context.logger.log('debug', message, { sandbox: this.#sandbox.id });
  }

  /** A timer that is too early is left as it is: it looks again. So a warm call mostly finds one that is armed already. */
  #arm(): void {
    const nextMs = this.#session.nextDeadlineMs;
    if (nextMs === null || nextMs >= this.#armedAtMs || this.#isSettling || this.#over.signal.aborted) return;
    this.#timer?.abort();
    const timer = new AbortController();
    this.#timer = timer;
    this.#armedAtMs = nextMs;
    this.#context.clock.sleep(Math.max(0, nextMs - this.#nowMs()), timer.signal).then(
      () => {
        this.#armedAtMs = Infinity;
        this.#session.advanceTo(this.#nowMs());
        this.#step();
      },
      () => undefined,
    );
  }

  #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }
}
