// The plugin's side of a session: what each message that came does to it.
import { violationOutcome } from '../violation.ts';
import { encodeRefusal } from './encode-message.ts';
import type { Decoded } from './message-decoder.ts';
import type { OpenRequest } from './open-requests.ts';
import { admit, runIdIn, type AskedMessage } from './plugin-requests.ts';
import { notReady, overOutput, readInitialized, readRunAnswer, readSaid, type Answer } from './read-answer.ts';
import type { PluginMessage } from './read-message.ts';
import type { SessionCore } from './session-core.ts';
import type { SessionOptions } from './session-events.ts';
import type { MessageRate } from './message-rate.ts';

type Unasked = Exclude<PluginMessage, Answer | AskedMessage>;

export class MessageTaker {
  readonly #core: SessionCore;
  readonly #rate: MessageRate;
  readonly #options: SessionOptions;

  constructor(core: SessionCore, rate: MessageRate, options: SessionOptions) {
    this.#core = core;
    this.#rate = rate;
    this.#options = options;
  }

  /** Takes what was decoded while the session lives. */
  take(decoded: Decoded): void {
    if (decoded.kind === 'violation') {
      this.#core.breakWith(decoded.outcome, null);
      return;
    }
    const { line } = decoded;
    const message = decoded.kind === 'message' ? decoded.message : null;
    if (message !== null && isAnswer(message)) this.#takeAnswer(message, line);
    else if (message?.kind === 'request') this.#takeRequest(message, line);
    else if (!this.#rate.admits(line.length + 1, this.#core.nowMs))
      this.#flood(line, 'the plugin sends too much unasked');
    else if (message !== null) this.#takeUnasked(message, line);
  }

  /** Looks for answers that came too late, once the session is broken. */
  takeLate(decoded: Decoded): void {
    const { late, outbox } = this.#core;
    if (decoded.kind === 'violation') late.clear();
    if (decoded.kind !== 'message' || !isAnswer(decoded.message)) return;
    const { id } = decoded.message;
    if (typeof id === 'number' && late.delete(id)) outbox.tell({ type: 'dropped', id, violation: 'late_result' });
  }

  #flood(line: Uint8Array, message: string): void {
    this.#core.breakWith(violationOutcome('flood', line, message), null);
  }

  #takeAnswer(answer: Answer, line: Uint8Array): void {
    const request = this.#core.open.find(answer.id);
    if (request === null) {
      const { violation, message } = this.#core.open.whyNotOpen(answer.id);
      const said = answer.kind === 'error' ? `${message}: ${answer.message}` : message;
      this.#core.breakWith(violationOutcome(violation, line, said), null);
      return;
    }
    switch (request.method) {
      case 'initialize':
        this.#initialized(request, answer, line);
        return;
      case 'on_load':
        this.#loaded(request, answer);
        return;
      case 'run':
        this.#ran(request, answer, line);
        return;
      case 'get_metadata':
      case 'get_config_ui':
        this.#core.open.close(request);
        this.#core.outbox.tell({
          ...{ type: 'answered', id: request.id, method: request.method },
          said: readSaid(answer, line.length),
        });
        return;
      case 'on_shutdown':
        this.#core.open.close(request);
        this.#core.outbox.tell({ type: 'endInput' });
    }
  }

  #initialized(request: OpenRequest, answer: Answer, line: Uint8Array): void {
    const core = this.#core;
    const { capabilities, outcome } = readInitialized(answer, this.#options, line);
    if (capabilities === null) {
      core.breakWith(outcome, null);
      return;
    }
    core.open.close(request);
    core.capabilities = capabilities;
    if (!capabilities.onLoad) {
      core.becomeReady();
      return;
    }
    core.move('loading');
    // What is left of the start's time is all that on_load has.
    core.ask('on_load', { config: this.#options.config }, request.deadlineAtMs - core.nowMs);
  }

  #loaded(request: OpenRequest, answer: Answer): void {
    if (answer.kind === 'error') {
      this.#core.breakWith(notReady('on_load', answer.message), null);
      return;
    }
    this.#core.open.close(request);
    this.#core.becomeReady();
  }

  #ran(run: OpenRequest, answer: Answer, line: Uint8Array): void {
    if (!this.#charge(run, line)) return;
    const verdict = readRunAnswer(run, answer, line);
    if (verdict.outcome.code === 'protocol') this.#core.breakWith(verdict.outcome, run);
    else this.#core.endRun(run, verdict);
  }

  /** What is refused counts as unasked; what is admitted is bounded by its number and its length. */
  #takeRequest(message: AskedMessage, line: Uint8Array): void {
    const { open, asked, outbox, nowMs } = this.#core;
    const { id: key } = message;
    const run = open.findRun(runIdIn(message.params));
    if (asked.has(key)) {
      const said = `two requests at once have the id ${JSON.stringify(key)}`;
      this.#core.breakWith(violationOutcome('bad_message', line, said), run);
      return;
    }
    const waiting = asked.count + outbox.unreadAnswers;
    const admitted = admit(message, this.#options.services, { run, waiting, lineBytes: line.length });
    if ('key' in admitted) {
      asked.open(admitted);
      outbox.tell({ type: 'asked', id: admitted.runId, request: admitted });
    } else if (!this.#rate.admits(line.length + 1, nowMs)) this.#flood(line, 'the plugin sends too much unasked');
    else if (!outbox.refuse(encodeRefusal(key, admitted)))
      this.#flood(line, 'the plugin asks, and does not read the answers');
  }

  #takeUnasked(message: Unasked, line: Uint8Array): void {
    const { open, outbox } = this.#core;
    switch (message.kind) {
      case 'log':
        outbox.tell({ type: 'logLine', id: open.findRun(message.requestId)?.id ?? null, line: message.line });
        return;
      case 'ignored':
        outbox.tell({ type: 'ignored', reason: message.reason });
        return;
      case 'progress':
      case 'metric':
        this.#takeFigure(message, line);
    }
  }

  /** One that belongs to no run in flight says nothing. */
  #takeFigure(message: Extract<Unasked, { readonly kind: 'progress' | 'metric' }>, line: Uint8Array): void {
    const run = this.#core.open.findRun(message.requestId);
    if (run === null || !this.#charge(run, line)) return;
    const { id } = run;
    if (message.kind === 'progress') {
      const { done, total, message: text } = message;
      this.#core.outbox.tell({ type: 'progress', id, done, total, message: text });
    } else {
      const { name, value, labels } = message;
      this.#core.outbox.tell({ type: 'metric', id, name, value, labels });
    }
  }

  /** Counts the line against the run's output; false when that broke the session. */
  #charge(run: OpenRequest, line: Uint8Array): boolean {
    const { outputBytes } = this.#options;
    run.usedBytes += line.length + 1;
    if (run.usedBytes <= outputBytes) return true;
    this.#core.breakWith(overOutput(run.usedBytes, outputBytes), run);
    return false;
  }
}

function isAnswer(message: PluginMessage): message is Answer {
  return message.kind === 'result' || message.kind === 'error';
}
