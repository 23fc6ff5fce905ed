// Drives a session by hand: the plugin's side as objects, time as numbers, what comes out as plain values.
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { parseStrictJson } from '../../../src/core/strict-json.ts';
import type { ProcessEnd, SessionEvent, SessionOptions } from '../../../src/protocol/stream/session-events.ts';
import { StreamSession } from '../../../src/protocol/stream/stream-session.ts';

export const OPTIONS: SessionOptions = {
  plugin: { name: 'sample', version: '1.2.3' },
  config: { limit: 10 },
  reuse: 'warm',
  lifecycle: { onLoad: true, onShutdown: true, cancel: true, metadata: true, configUi: true },
  concurrency: 1,
  startTimeoutMs: 5_000,
  outputBytes: 8 * 1024 * 1024,
  services: ['state'],
};

export const CLEAN_END: ProcessEnd = {
  exitCode: 0,
  isOutOfMemory: false,
  memoryLimitBytes: 1024,
  memoryPeakBytes: 1000,
  stderrTail: '',
};

export function bytesOf(...messages: readonly (JsonValue | string)[]): Uint8Array {
  const lines = messages.map((message) => (typeof message === 'string' ? message : JSON.stringify(message)));
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

export function result(id: JsonValue, value: JsonValue): JsonObject {
  return { jsonrpc: '2.0', id, result: value };
}

export function failure(id: JsonValue, code: number, message: string, data?: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

export function notification(method: string, params: JsonValue): JsonObject {
  return { jsonrpc: '2.0', method, params };
}

export function initialized(capabilities: JsonObject = {}): JsonObject {
  return result(1, { protocol: '1.0', ready: true, capabilities });
}

/** A session that waits for runs at 0 ms; its events and output so far are taken. */
export function readySession(changes: Partial<SessionOptions> = {}, capabilities: JsonObject = {}): StreamSession {
  const session = new StreamSession({ ...OPTIONS, ...changes });
  session.start(0);
  session.receive(bytesOf(initialized({ concurrency: true, ...capabilities })), 0);
  if (session.state === 'loading') session.receive(bytesOf(result(2, {})), 0);
  session.takeEvents();
  session.takeOutput();
  return session;
}

export function startRun(session: StreamSession, nonce: string, nowMs = 0, timeoutMs = 1_000): number {
  return session.run({ document: Buffer.from(JSON.stringify({ invocation: { nonce } })), nonce, timeoutMs }, nowMs);
}

/** Everything that was written, one value per line. */
export function sent(session: StreamSession): readonly JsonValue[] {
  const text = Buffer.concat(session.takeOutput()).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const parsed = parseStrictJson(Buffer.from(line));
      if (!parsed.ok) throw new Error(`the host wrote ${line}`);
      return parsed.value;
    });
}

/** The events but for the moves. */
export function told(session: StreamSession): readonly SessionEvent[] {
  return session.takeEvents().filter(({ type }) => type !== 'moved');
}
