// The golden conversations of SDKs, and the golden vectors as far as an SDK can be held against them, replayed over one plugin: as a plain
// process, or in a container. What the members mean says test/protocol/vectors/v1/README.md.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { readVectors, type Vector } from '../../support/stream/read-vectors.ts';
import type { Conversation, Message } from './conversation.ts';

const FOLDER = 'test/protocol/vectors/v1/sdk';
/** A vector that is longer is about limits of the host. */
const VECTOR_BYTES_MAX = 64 * 1024;

type Step =
  | { readonly host: readonly (Message | string)[] }
  | { readonly plugin: readonly Message[] }
  | { readonly run: string; readonly id: number; readonly nonce: string; readonly data?: Message }
  | { readonly asked: Message; readonly answer: Message }
  | { readonly ended: number };

interface SdkConversation {
  readonly name: string;
  readonly needs?: 'concurrency';
  readonly steps: readonly Step[];
}

/** Those that a language can hold, in their order: the last one ends the plugin. */
function conversationsOf(isConcurrent: boolean): readonly SdkConversation[] {
  return readdirSync(FOLDER)
    .toSorted()
    .map((file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as SdkConversation)
    .filter(({ needs }) => needs === undefined || isConcurrent);
}

/** Holds all of it with one plugin, the fixture of the SDK tests, which has ended then. */
export async function replayAll(host: Conversation, isConcurrent: boolean): Promise<void> {
  const conversations = conversationsOf(isConcurrent);
  for (const [index, { name, steps }] of conversations.entries()) {
    if (index === conversations.length - 1) await replayVectors(host);
    try {
      for (const step of steps) await play(host, step);
      // Who waits for a cancel says so any number of times.
      expect(host.unread.filter(({ method }) => method !== 'log')).toEqual([]);
    } catch (thrown) {
      throw new Error(`${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
    }
  }
}

async function play(host: Conversation, step: Step): Promise<void> {
  if ('host' in step) {
    for (const line of step.host) host.write(typeof line === 'string' ? line : JSON.stringify(line));
  } else if ('plugin' in step) {
    for (const expected of step.plugin) await hear(host, expected);
  } else if ('run' in step) {
    host.write(JSON.stringify(runRequest(step.id, step.nonce, { case: step.run, ...step.data })));
  } else if ('asked' in step) {
    const { id } = await hear(host, step.asked);
    host.write(JSON.stringify({ jsonrpc: '2.0', id, ...step.answer }));
  } else {
    expect(await host.ended()).toBe(step.ended);
  }
}

/** Waits for the message with this method or id, which must then have all the members. */
async function hear(host: Conversation, expected: Message): Promise<Message> {
  const run = (message: Message): unknown => (message['params'] as Message | undefined)?.['id'];
  const heard = await host.next((message) =>
    'method' in expected
      ? message['method'] === expected['method'] && (run(expected) === undefined || run(message) === run(expected))
      : !('method' in message) && message['id'] === expected['id'],
  );
  expect(heard).toMatchObject(expected);
  return heard;
}

function runRequest(id: number, nonce: string, data: Message): Message {
  const context = { run: { id: 'run_1', pipeline: 'p', trigger: 'api' }, hook: 'fetch', params: {}, data, results: {} };
  const invocation = { id: 'inv_1', nonce, attempt: 1, idempotencyKey: 'k', timeoutMs: 30_000 };
  const params = { invocation, context, config: { limit: 3 }, secrets: { TOKEN: 'hush' }, laterMember: [] };
  return { jsonrpc: '2.0', id, method: 'run', params };
}

/** Messages of the vectors come back as they are, from inside of a request; no line that is none keeps the next request from being served. */
async function replayVectors(host: Conversation): Promise<void> {
  const vectors = readVectors().filter(({ bytes }) => bytes.length > 0 && bytes.length < VECTOR_BYTES_MAX);
  const good = vectors.filter(
    ({ messages = [], bytes }) => messages.length > 0 && linesOf(bytes).length === messages.length,
  );
  const request = runRequest(1, 'v1', { case: 'other' });
  const seen = good.flatMap(({ bytes }) => linesOf(bytes)).join(',');
  host.write(JSON.stringify(request).replace('"config":{"limit":3}', () => `"config":{"seen":[${seen}]}`));
  const answer = await host.answerTo(1);
  const data = (answer['result'] as Message | undefined)?.['data'] as Message | undefined;
  expect(data?.['config']).toMatchObject({ seen: good.flatMap(({ messages = [] }) => messages) });

  for (const { bytes } of vectors.filter(isUnreadable)) host.write(bytes);
  host.write(JSON.stringify(runRequest(1, 'v2', { case: 'nothing' })));
  expect(await host.answerTo(1)).toMatchObject({ result: { nonce: 'v2', status: 'success' } });
  for (const { id, error } of host.takeUnread().filter(({ method }) => method !== 'log'))
    expect([id, error]).toMatchObject([null, { code: expect.any(Number) as number }]);
}

/** Its lines are no messages of JSON-RPC, and cannot be taken for an answer that is awaited. */
function isUnreadable({ violation }: Vector): boolean {
  return violation !== undefined && ['not_json', 'not_object', 'truncated', 'bad_utf8'].includes(violation);
}

/** Without those that are blank, and without a byte order mark. */
function linesOf(bytes: Uint8Array): readonly string[] {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  return lines.filter((line) => line.trim() !== '').map((line) => line.replace(/^\ufeff/, ''));
}
