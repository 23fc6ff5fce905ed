// The host's requests that wait for an answer, by id. Ids count from 1 and are never used twice, so an id that is not open tells by its
// number alone whether it was answered before or not asked yet.
import type { ProtocolViolation } from '../../core/outcome.ts';
import type { HostMethod } from './encode-message.ts';
import type { MessageId } from './read-message.ts';

export interface OpenRequest {
  readonly id: number;
  readonly method: HostMethod;
  /** of a run, else null */
  readonly nonce: string | null;
  readonly timeoutMs: number;
  /** moves closer when the run is cancelled */
  deadlineAtMs: number;
  isCancelled: boolean;
  /** bytes that the plugin sent for it */
  usedBytes: number;
}

export class OpenRequests {
  readonly #byId = new Map<number, OpenRequest>();
  #lastId = 0;
  #runs = 0;

  open(method: HostMethod, nonce: string | null, timeoutMs: number, nowMs: number): OpenRequest {
    this.#lastId += 1;
    const deadlineAtMs = nowMs + timeoutMs;
    const request = {
      id: this.#lastId,
      method,
      nonce,
      timeoutMs,
      deadlineAtMs,
      isCancelled: false,
      usedBytes: 0,
    };
    this.#byId.set(request.id, request);
    if (method === 'run') this.#runs += 1;
    return request;
  }

  close(request: OpenRequest): void {
    this.#byId.delete(request.id);
    if (request.method === 'run') this.#runs -= 1;
  }

  /** Closes all and returns them, in the order of their ids. */
  closeAll(): readonly OpenRequest[] {
    const all = [...this.#byId.values()];
    this.#byId.clear();
    this.#runs = 0;
    return all;
  }

  find(id: MessageId): OpenRequest | null {
    return typeof id === 'number' ? (this.#byId.get(id) ?? null) : null;
  }

  /** The run with that id; without an id, the only run in flight. */
  findRun(id: number | null): OpenRequest | null {
    if (id !== null) {
      const request = this.#byId.get(id);
      return request?.method === 'run' ? request : null;
    }
    let only: OpenRequest | null = null;
    let count = 0;
    for (const request of this.#byId.values()) {
      if (request.method !== 'run') continue;
      only = request;
      count += 1;
    }
    return count === 1 ? only : null;
  }

  get runs(): number {
    return this.#runs;
  }

  runIds(): readonly number[] {
    return [...this.#byId.values()].filter(({ method }) => method === 'run').map(({ id }) => id);
  }

  /** The open request that is longest overdue. */
  firstOverdue(nowMs: number): OpenRequest | null {
    let first: OpenRequest | null = null;
    for (const request of this.#byId.values()) {
      if (request.deadlineAtMs > nowMs) continue;
      if (first === null || request.deadlineAtMs < first.deadlineAtMs) first = request;
    }
    return first;
  }

  /** The earliest deadline, Infinity when nothing is open. */
  get nextDeadlineAtMs(): number {
    let next = Infinity;
    for (const { deadlineAtMs } of this.#byId.values()) next = Math.min(next, deadlineAtMs);
    return next;
  }

  /** Why an answer with an id that is not open is none. */
  whyNotOpen(id: MessageId): { readonly violation: ProtocolViolation; readonly message: string } {
    if (typeof id !== 'number' || id < 1)
      return { violation: 'unknown_id', message: `an answer has the id ${JSON.stringify(id)}, which no request has` };
    if (id > this.#lastId)
      return { violation: 'early_result', message: `an answer to request ${String(id)} came before the request` };
    return { violation: 'second_result', message: `a second answer to request ${String(id)}` };
  }
}
