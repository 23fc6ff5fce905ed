// A plugin of protocol `stream` for the fake engine: speaks the protocol by hand, so that a test can make it break each promise.
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/json.ts';
import type { FakeProcess, FakeProgram } from '../engine/fake-container.ts';

/** What a run does, by the word in its document's `act`; the result's data, or null to say nothing (more). */
export type Acts = Readonly<Record<string, (run: StreamRunCall) => Promise<JsonObject | null> | JsonObject | null>>;

export interface StreamRunCall {
  readonly process: FakeProcess;
  readonly id: JsonValue;
  readonly nonce: JsonValue;
  /** runs that this process has served, with this one */
  readonly count: number;
  readonly say: (message: JsonObject) => Promise<void>;
}

export interface StreamProgramOptions {
  readonly capabilities?: JsonObject;
  readonly acts?: Acts;
  /** called with each method that the host asks for */
  readonly onMethod?: (method: string) => void;
  /** called with each answer to what an act asked of the host */
  readonly onAnswer?: (answer: JsonObject) => void;
  /** the answer to on_load as an error */
  readonly loadError?: string;
  /** results by method; null: it never answers; `crash`: the process ends */
  readonly answers?: Readonly<Record<string, JsonValue>>;
}

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<JsonObject> {
  let rest = '';
  for await (const chunk of input) {
    const parts = (rest + Buffer.from(chunk).toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as JsonValue;
      if (isJsonObject(message)) yield message;
    }
  }
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? value[name] : undefined;
}

/** Answers every run with {count}, unless its document names another act. Ends with its input. */
export function streamProgram(options: StreamProgramOptions = {}): FakeProgram {
  return async (process) => {
    let count = 0;
    const say = (message: JsonObject): Promise<void> =>
      process.stdout(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    for await (const message of linesOf(process.input)) {
      const { id = null, method, params } = message;
      tell(options, message);
      if (typeof method !== 'string') continue;
      if (method === 'run') {
        count += 1;
        const nonce = member(member(params, 'invocation'), 'nonce') ?? null;
        await serve(options, member(params, 'act'), { process, id, nonce, count, say });
      } else if (options.answers?.[method] === 'crash') return 3;
      else if (isAnswered(method, options)) await say({ id, ...answerTo(method, options) });
    }
    return 0;
  };
}

function tell({ onMethod, onAnswer }: StreamProgramOptions, message: JsonObject): void {
  if (typeof message['method'] === 'string') onMethod?.(message['method']);
  else onAnswer?.(message);
}

async function serve(
  { acts = {} }: StreamProgramOptions,
  act: JsonValue | undefined,
  call: StreamRunCall,
): Promise<void> {
  const { id, nonce, count, say } = call;
  const own = typeof act === 'string' ? acts[act] : undefined;
  const data = own === undefined ? { count } : await own(call);
  if (data !== null) await say({ id, result: { nonce, status: 'success', data } });
}

function isAnswered(method: string, { answers }: StreamProgramOptions): boolean {
  return method !== 'cancel' && answers?.[method] !== null;
}

function answerTo(method: string, { capabilities, loadError, answers }: StreamProgramOptions): JsonObject {
  if (method === 'initialize')
    return { result: { protocol: '1.0', ready: true, capabilities: { reuse: ['warm', 'fork'], ...capabilities } } };
  return method === 'on_load' && loadError !== undefined
    ? { error: { code: 1, message: loadError } }
    : { result: answers?.[method] ?? {} };
}
