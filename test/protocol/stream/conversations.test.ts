// The golden conversations through the host's session: what it writes and tells at every step.
import { expect, test } from 'vitest';
import { hostMessageSchema } from '../../../src/protocol/stream/message-schemas.ts';
import { StreamSession } from '../../../src/protocol/stream/stream-session.ts';
import { encodeJsonRequest } from '../../../src/protocol/json-request.ts';
import { formatId } from '../../../src/core/ids.ts';
import { readConversations, type Step } from '../../support/stream/read-vectors.ts';
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
  #nowMs = 0;

  constructor(concurrency: number) {
    this.#session = new StreamSession({ ...OPTIONS, concurrency });
  }

  play(step: Step): void {
    if ('do' in step) this.#do(step);
    else if ('plugin' in step) this.#session.receive(bytesOf(...step.plugin), this.#nowMs);
    else if ('host' in step) this.#expectWritten(step.host);
    else expect(told(this.#session)).toMatchObject(step.events);
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

test.each(readConversations())('holds the conversation: $name', ({ concurrency = 1, steps }) => {
  const player = new Player(concurrency);
  for (const step of steps) player.play(step);
});
