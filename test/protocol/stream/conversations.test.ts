// The golden conversations through the host's session: what it writes and tells at every step.
import { expect, test } from 'vitest';
import { hostMessageSchema } from '../../../src/protocol/stream/message-schemas.ts';
import { StreamSession } from '../../../src/protocol/stream/stream-session.ts';
import type { HostAnswer } from '../../../src/core/ports/host-services.ts';
import type { PluginRequest } from '../../../src/protocol/stream/session-events.ts';
import { encodeJsonRequest } from '../../../src/protocol/json-request.ts';
import { formatId } from '../../../src/core/ids.ts';
import { readConversations, type Conversation, type Step } from '../../support/stream/read-vectors.ts';
import { bytesOf, CLEAN_END, OPTIONS, sent, told } from '../../support/stream/stream-driver.ts';

const TIMEOUT_MS = 1_000;

function documentWith(nonce: string): Uint8Array {
  return encodeJsonRequest({
    invocationId: formatId('inv', 1, new Uint8Array(10)),
    nonce,
    attempt: 1,
    idempotencyKey: 'key',
    deadlineAtMs: TIMEOUT_MS,
    timeoutMs: TIMEOUT_MS,
    traceparent: null,
    run: { id: formatId('run', 1, new Uint8Array(10)), pipeline: 'default', trigger: 'api' },
    hook: 'fetch_data',
    params: {},
    data: {},
    results: {},
    config: {},
    secrets: new Map([['API_TOKEN', 'secret']]),
  });
}

class Player {
  readonly #session: StreamSession;
  readonly #asked = new Map<number | string, PluginRequest>();
  #nowMs = 0;

  constructor({ concurrency = 1, services = OPTIONS.services }: Conversation) {
    this.#session = new StreamSession({ ...OPTIONS, concurrency, services });
  }

  play(step: Step): void {
    if ('do' in step) this.#do(step);
    else if ('plugin' in step) this.#session.receive(bytesOf(...step.plugin), this.#nowMs);
    else if ('host' in step) this.#expectWritten(step.host);
    else this.#expectTold(step.events);
  }

  #expectTold(expected: readonly object[]): void {
    const events = told(this.#session);
    expect(events).toMatchObject(expected);
    for (const event of events) if (event.type === 'asked') this.#asked.set(event.request.key, event.request);
  }

  #answer(key: number | string, answer: HostAnswer): void {
    const request = this.#asked.get(key);
    if (request === undefined) throw new Error(`nothing was asked as ${JSON.stringify(key)}`);
    this.#session.answer(request, answer);
  }

  #do(step: Extract<Step, { readonly do: string }>): void {
    const session = this.#session;
    switch (step.do) {
      case 'start':
        session.start(this.#nowMs);
        return;
      case 'run':
        session.run({ document: documentWith(step.nonce), nonce: step.nonce, timeoutMs: TIMEOUT_MS }, this.#nowMs);
        return;
      case 'cancel':
        session.cancel(step.id, { reason: 'cancelled', graceMs: 100 }, this.#nowMs);
        return;
      case 'answer':
        this.#answer(step.key, { kind: 'result', result: step.result });
        return;
      case 'refuse':
        this.#answer(step.key, { kind: 'refusal', reason: step.reason, message: 'refused' });
        return;
      case 'close':
        session.close(100, this.#nowMs);
        return;
      case 'wait':
        this.#nowMs += step.ms;
        session.advanceTo(this.#nowMs);
        return;
      case 'end':
        session.end({ ...CLEAN_END, exitCode: step.exitCode ?? 0 }, this.#nowMs);
    }
  }

  #expectWritten(expected: readonly object[]): void {
    const written = sent(this.#session);
    expect(written).toMatchObject(expected);
    for (const message of written) expect(hostMessageSchema.safeParse(message)).toMatchObject({ success: true });
  }
}

test.each(readConversations())('holds the conversation: $name', (conversation) => {
  const player = new Player(conversation);
  for (const step of conversation.steps) player.play(step);
});
