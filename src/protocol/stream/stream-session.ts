// One plugin process that serves many runs, as a machine without IO: bytes, times and the process's end go in; bytes to write and events
// come out. Whoever holds the pipes and the clock drives it. The chart of its states is in session-states.ts.
// A violation is charged to the run that it names; one that names none in flight, to all of them.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { HostAnswer } from '../../core/ports/host-services.ts';
import { PROTOCOL_VERSION } from '../json-request.ts';
import { encodeAnswer, encodeNotification, encodeRefusal, encodeRun } from './encode-message.ts';
import { MessageDecoder } from './message-decoder.ts';
import { MessageRate } from './message-rate.ts';
import type { Capabilities } from './message-schemas.ts';
import { CANCELLED, judgeExit } from './read-answer.ts';
import { SessionCore } from './session-core.ts';
import type {
  PluginRequest,
  ProcessEnd,
  Question,
  SessionEvent,
  SessionOptions,
  StreamCancel,
  StreamRun,
} from './session-events.ts';
import type { SessionState } from './session-states.ts';
import { MessageTaker } from './take-message.ts';

export class StreamSession {
  readonly #options: SessionOptions;
  readonly #decoder = new MessageDecoder();
  readonly #core = new SessionCore();
  readonly #taker: MessageTaker;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#taker = new MessageTaker(this.#core, new MessageRate(options.rate), options);
  }

  get state(): SessionState {
    return this.#core.state;
  }

  /** null until the plugin has answered `initialize`. */
  get capabilities(): Capabilities | null {
    return this.#core.capabilities;
  }

  /** What it may be asked; nothing until it is ready. */
  get offers(): readonly Question[] {
    const offered: Question[] = [];
    if (this.capabilities?.metadata === true) offered.push('get_metadata');
    if (this.capabilities?.configUi === true) offered.push('get_config_ui');
    return offered;
  }

  /** Most runs at once: what the manifest allows, if the plugin says that it can. */
  get slots(): number {
    return this.capabilities?.concurrency === true ? this.#options.concurrency : 1;
  }

  /** How many runs may be started now. */
  get freeSlots(): number {
    return this.state === 'idle' || this.state === 'busy' ? this.slots - this.#core.open.runs : 0;
  }

  /** When `advanceTo` must be called at the latest; null when nothing waits. */
  get nextDeadlineMs(): number | null {
    const next = this.#core.nextDeadlineAtMs;
    return next === Infinity ? null : next;
  }

  /** Lines to write, in order; a long one comes in pieces. Ask again only when they are written: a plugin that does not read must not fill our memory. */
  takeOutput(): readonly Uint8Array[] {
    return this.#core.outbox.takeOutput();
  }

  takeEvents(): readonly SessionEvent[] {
    return this.#core.outbox.takeEvents();
  }

  /** Greets the plugin. @param nowMs here and below: monotonic milliseconds of one clock; going back is ignored */
  start(nowMs: number): void {
    this.#need('starting');
    this.#core.setNow(nowMs);
    const { plugin, config, reuse, concurrency, startTimeoutMs } = this.#options;
    this.#core.move('initializing');
    const { name, version } = plugin;
    const params = { protocol: PROTOCOL_VERSION, plugin: { name, version }, config, reuse, concurrency };
    this.#core.ask('initialize', params, startTimeoutMs);
  }

  /** Sends a run and returns its id. Only while `freeSlots` > 0. */
  run(run: StreamRun, nowMs: number): number {
    if (this.freeSlots <= 0) throw new GantryError('DEFECT', 'a run was given to a session without a free slot');
    const core = this.#core;
    core.setNow(nowMs);
    const { id } = core.open.open('run', run.nonce, run.timeoutMs, core.nowMs);
    for (const piece of encodeRun(id, run.document)) core.outbox.write(piece);
    if (core.state === 'idle') core.move('busy');
    return id;
  }

  /** Asks a question that the plugin's capabilities offer; `answered` follows. A plugin that does not answer in time breaks the session. */
  ask(method: Question, timeoutMs: number, nowMs: number): number {
    this.#need('idle', 'busy');
    this.#core.setNow(nowMs);
    return this.#core.ask(method, {}, timeoutMs);
  }

  /** Answers a request of the plugin; one whose run has ended has its answer already. */
  answer(request: PluginRequest, answer: HostAnswer): void {
    const { asked, outbox } = this.#core;
    if (this.#core.isOver || !asked.close(request)) return;
    const { key } = request;
    outbox.answer(answer.kind === 'result' ? encodeAnswer(key, answer.result) : encodeRefusal(key, answer));
  }

  /**
   * Cancels a run; one that has ended already is left alone. The run ends as `cancelled` whatever the plugin answers.
   * @returns whether the plugin is told and has the grace to answer; else the session is over, if it was not before
   */
  cancel(id: number, { reason, graceMs }: StreamCancel, nowMs: number): boolean {
    const core = this.#core;
    const run = core.open.findRun(id);
    if (run === null || run.isCancelled) return false;
    core.setNow(nowMs);
    run.isCancelled = true;
    run.deadlineAtMs = Math.min(run.deadlineAtMs, core.nowMs + graceMs);
    const isTold = core.capabilities?.cancel === true && graceMs > 0;
    if (isTold) core.outbox.write(encodeNotification('cancel', { id, reason, graceMs }));
    else core.breakWith(CANCELLED, run);
    return isTold;
  }

  /** Ends an idle session: `on_shutdown` where wanted, end of input, then the process has until `graceMs` to end. */
  close(graceMs: number, nowMs: number): void {
    this.#need('idle');
    const core = this.#core;
    core.setNow(nowMs);
    core.closeAtMs = core.nowMs + graceMs;
    core.move('closing');
    if (core.capabilities?.onShutdown === true) core.ask('on_shutdown', {}, graceMs);
    else core.outbox.tell({ type: 'endInput' });
  }

  /** Takes bytes of the plugin's stdout. They must stay unchanged during the call only. */
  receive(bytes: Uint8Array, nowMs: number): void {
    this.advanceTo(nowMs);
    if (!this.#isReading()) return;
    this.#decoder.push(bytes);
    for (let next = this.#decoder.next(); next !== null; next = this.#isReading() ? this.#decoder.next() : null) {
      if (this.#core.isOver) this.#taker.takeLate(next);
      else this.#taker.take(next);
    }
  }

  /** Lets time pass: what is overdue ends. */
  advanceTo(nowMs: number): void {
    this.#core.setNow(nowMs);
    this.#core.expire();
  }

  /** The process has ended, and all that it wrote was received. */
  end(end: ProcessEnd, nowMs: number): void {
    this.advanceTo(nowMs);
    const core = this.#core;
    if (core.isOver) return;
    const unfinished = this.#decoder.end();
    if (core.state === 'closing') core.finishClosing(end.exitCode === 0 && unfinished === null);
    else core.breakWith(judgeExit(end, unfinished, core.open.runs > 0), null);
  }

  #isReading(): boolean {
    return !this.#core.isOver || this.#core.late.size > 0;
  }

  #need(...states: readonly SessionState[]): void {
    if (!states.includes(this.state)) throw new GantryError('DEFECT', `a session that is ${this.state} was misused`);
  }
}
