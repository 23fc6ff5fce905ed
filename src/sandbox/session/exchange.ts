// One invocation with one sandbox: input in, output and logs out, until the plugin has ended or a limit ended it. Whatever the plugin does –
// reads nothing, says nothing, ignores signals, floods – one of the causes below comes, and the first one wins.
import { failpoint } from '../../core/failpoints.ts';
import type { InvocationRequest, StopReason } from '../../core/ports/invoker.ts';
import { killSandbox } from '../container/dismiss-sandbox.ts';
import { hasEndedPolitely } from '../container/end-politely.ts';
import { LogLines } from './log-lines.ts';
import { OutputBuffer } from './output-buffer.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Ending, Live, Sandbox } from '../container/sandbox.ts';
import { UsageWatch } from './usage-watch.ts';

/** Why the exchange ended: by itself (`ended`), or because we ended it. */
export type Cause = 'ended' | 'timeout' | 'output_limit' | 'cpu_time' | StopReason;

/** Everything that is known when it is over; times are of the monotonic clock, in milliseconds. */
export interface Trace {
  readonly cause: Cause;
  /** of one that was cancelled: it came to an end by itself within the grace */
  readonly isPolite: boolean;
  /** null: the container was killed and its end was not confirmed in time */
  readonly ending: Ending | null;
  readonly isStreamBroken: boolean;
  readonly wasInputOffered: boolean;
  readonly output: OutputBuffer;
  readonly logs: LogLines;
  readonly usage: UsageWatch;
  readonly startedAtMs: number;
  readonly sentAtMs: number | null;
  readonly firstByteAtMs: number | null;
  readonly endedAtMs: number;
}

export class Exchange {
  readonly #context: SandboxContext;
  readonly #sandbox: Sandbox;
  readonly #live: Live;
  readonly #request: InvocationRequest;
  readonly #cause = Promise.withResolvers<Cause>();
  readonly #over = new AbortController();
  readonly #output: OutputBuffer;
  readonly #logs: LogLines;
  readonly #usage: UsageWatch;
  #startedAtMs = 0;
  #sentAtMs: number | null = null;
  #firstByteAtMs: number | null = null;
  #isStreamBroken = false;
  #wasInputOffered = false;
  #isPolite = false;

  constructor(context: SandboxContext, sandbox: Sandbox, request: InvocationRequest) {
    const { limits } = request.version.plugin;
    this.#context = context;
    this.#sandbox = sandbox;
    this.#request = request;
    this.#live = sandbox.live();
    this.#output = new OutputBuffer(limits.outputBytes);
    this.#logs = new LogLines(limits.logsBytes, request.redactor, (line) => {
      request.onLog(line);
    });
    this.#usage = new UsageWatch(context, this.#live.containerId, limits.cpuTimeMs, () => {
      this.#cause.resolve('cpu_time');
    });
  }

  /** Settles when the plugin has ended or was killed. Never rejects for what a plugin or the engine does. */
  async run(): Promise<Trace> {
    const { clock } = this.#context;
    this.#startedAtMs = clock.monotonicMs();
    using timeout = clock.deadline(this.#request.timeoutMs);
    timeout.signal.addEventListener('abort', () => {
      this.#cause.resolve('timeout');
    });
    const onStop = (): void => {
      this.#cause.resolve(this.#request.stop.reason as StopReason);
    };
    if (this.#request.stop.aborted) onStop();
    else this.#request.stop.addEventListener('abort', onStop, { once: true });
    const reading = this.#read();
    const watching = this.#usage.run(this.#over.signal);
    const sending = this.#send();
    void this.#ended(reading);

    const cause = await this.#cause.promise;
    const ending = cause === 'ended' ? this.#sandbox.ending : await this.#end(cause);
    this.#request.stop.removeEventListener('abort', onStop);
    this.#over.abort();
    await Promise.all([watching, sending]);
    this.#logs.end();
    return this.#trace(cause, ending);
  }

  /** The end of the output and the exit, both: either alone can come first, and either alone proves nothing. */
  async #ended(reading: Promise<void>): Promise<void> {
    const ending = await this.#sandbox.ended;
    if (ending.kind === 'exited') await reading;
    this.#cause.resolve('ended');
  }

  async #read(): Promise<void> {
    try {
      await this.#live.attachment.read((stream, bytes) => {
        if (stream === 'stderr') this.#logs.push(bytes);
        else this.#take(bytes);
      });
    } catch {
      this.#isStreamBroken = true;
    }
    // The output ends a moment before the cgroup goes: the last chance for its final figures.
    await this.#usage.sample();
  }

  #take(bytes: Uint8Array): void {
    if (this.#firstByteAtMs === null) {
      this.#firstByteAtMs = this.#context.clock.monotonicMs();
      void this.#usage.sample();
    }
    this.#output.push(bytes);
    if (this.#output.isOverLimit) this.#cause.resolve('output_limit');
  }

  /** A plugin may end without reading: that a write fails says nothing, its exit does. */
  async #send(): Promise<void> {
    const { attachment } = this.#live;
    this.#wasInputOffered = true;
    try {
      attachment.write(this.#request.input);
      await attachment.flushed({ signal: this.#over.signal });
      attachment.closeInput();
      this.#sentAtMs = this.#context.clock.monotonicMs();
      failpoint('input-sent');
    } catch {
      return;
    }
  }

  /** Asks politely when cancelled, then kills. The sandbox is dead afterwards, or the engine did not answer in time. */
  async #end(cause: Cause): Promise<Ending | null> {
    const { graceMs } = this.#context.settings;
    this.#isPolite =
      cause === 'cancelled' && (await hasEndedPolitely(this.#context, this.#sandbox, this.#live.containerId, graceMs));
    if (this.#isPolite) return this.#sandbox.ending;
    return await killSandbox(this.#context, this.#sandbox, this.#live.containerId);
  }

  #trace(cause: Cause, ending: Ending | null): Trace {
    return {
      cause,
      isPolite: this.#isPolite,
      ending,
      isStreamBroken: this.#isStreamBroken,
      wasInputOffered: this.#wasInputOffered,
      output: this.#output,
      logs: this.#logs,
      usage: this.#usage,
      startedAtMs: this.#startedAtMs,
      sentAtMs: this.#sentAtMs,
      firstByteAtMs: this.#firstByteAtMs,
      endedAtMs: this.#context.clock.monotonicMs(),
    };
  }
}
