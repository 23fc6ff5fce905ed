// The inside of a session: its state, its open requests, and the ways in which they end. What calls it is in stream-session.ts (the host's
// side) and take-message.ts (the plugin's side).
import type { JsonObject } from '../../core/json.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Verdict } from '../reply.ts';
import { encodeRefusal, encodeRequest, type HostMethod } from './encode-message.ts';
import type { Capabilities } from './message-schemas.ts';
import { OpenRequests, type OpenRequest } from './open-requests.ts';
import { PluginRequests, RUN_ENDED } from './plugin-requests.ts';
import { CANCELLED, CLOSED, overdue, SIBLING_LOST } from './read-answer.ts';
import { SessionOutbox } from './session-outbox.ts';
import type { SessionState } from './session-states.ts';

export class SessionCore {
  readonly open = new OpenRequests();
  readonly outbox = new SessionOutbox();
  /** what the plugin asked for */
  readonly asked = new PluginRequests();
  /** runs that were in flight when a deadline broke the session: their answers are told, never used */
  readonly late = new Set<number>();
  capabilities: Capabilities | null = null;
  closeAtMs = Infinity;
  #state: SessionState = 'starting';
  #nowMs = 0;

  get state(): SessionState {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#state === 'closed' || this.#state === 'broken';
  }

  get nextDeadlineAtMs(): number {
    return Math.min(this.open.nextDeadlineAtMs, this.closeAtMs);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Time never goes back. */
  setNow(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  move(to: SessionState): void {
    this.outbox.tell({ type: 'moved', from: this.#state, to });
    this.#state = to;
  }

  ask(method: Exclude<HostMethod, 'run'>, params: JsonObject, timeoutMs: number): number {
    const { id } = this.open.open(method, null, timeoutMs, this.#nowMs);
    this.outbox.write(encodeRequest(id, method, params));
    return id;
  }

  becomeReady(): void {
    this.move('idle');
    this.outbox.tell({ type: 'ready' });
  }

  endRun(run: OpenRequest, ended: Verdict): void {
    this.open.close(run);
    for (const { key } of this.asked.closeOf(run.id)) this.outbox.answer(encodeRefusal(key, RUN_ENDED));
    const verdict = run.isCancelled ? { outcome: CANCELLED, result: null } : ended;
    this.outbox.tell({ type: 'runEnded', id: run.id, ...verdict });
    if (this.open.runs === 0) this.move('idle');
  }

  /** Ends the session, and with it every run in flight. @param culprit the run to charge, null to charge all; the others are lost */
  breakWith(outcome: Outcome, culprit: OpenRequest | null): void {
    this.#break(outcome, (request) => (culprit === null || request === culprit ? outcome : SIBLING_LOST));
  }

  /** Ends what is overdue. */
  expire(): void {
    if (this.closeAtMs <= this.#nowMs) {
      this.finishClosing(false);
      return;
    }
    const first = this.open.firstOverdue(this.#nowMs);
    if (first === null) return;
    this.open.runIds().forEach((id) => this.late.add(id));
    this.#break(first.isCancelled ? CANCELLED : overdue(first), (request) =>
      request.deadlineAtMs <= this.#nowMs ? overdue(request) : SIBLING_LOST,
    );
  }

  finishClosing(isPolite: boolean): void {
    for (const request of this.open.closeAll()) this.#endOf(request, CLOSED);
    this.outbox.dropOutput();
    this.closeAtMs = Infinity;
    this.move('closed');
    this.outbox.tell({ type: 'closed', isPolite });
  }

  #break(outcome: Outcome, outcomeOf: (request: OpenRequest) => Outcome): void {
    for (const request of this.open.closeAll()) this.#endOf(request, outcomeOf(request));
    this.outbox.dropOutput();
    this.closeAtMs = Infinity;
    this.move('broken');
    this.outbox.tell({ type: 'broken', outcome });
  }

  #endOf(request: OpenRequest, outcome: Outcome): void {
    const { id, method } = request;
    if (method === 'run')
      this.outbox.tell({ type: 'runEnded', id, outcome: request.isCancelled ? CANCELLED : outcome, result: null });
    else if (method === 'get_metadata' || method === 'get_config_ui')
      this.outbox.tell({ type: 'answered', id, method, said: { value: null, error: outcome.message } });
  }
}
