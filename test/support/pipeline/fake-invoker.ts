// The invoker port without sandboxes: a script says what each plugin does; everything that was called is written down.
import type { InvocationEnd, InvocationRequest, Invoker, StopReason } from '../../../src/core/ports/invoker.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import type { Outcome } from '../../../src/core/outcome.ts';
import type { IdSource } from '../../../src/core/ports/id-source.ts';

/** What a plugin does with its input. */
export type Act = (call: FakeCall) => Promise<Answer> | Answer;

export interface FakeCall {
  readonly request: InvocationRequest;
  readonly plugin: string;
  /** the parsed request document */
  readonly input: unknown;
}

export type Answer =
  | { readonly data: JsonValue | null }
  | { readonly outcome: Outcome; readonly data?: JsonValue | null }
  | { readonly end: InvocationEnd };

export const OK: Outcome = { code: 'ok', message: 'ok' };
export const CRASH: Outcome = { code: 'crash', message: 'exit code 9', exitCode: 9, signal: null };

export class FakeInvoker implements Invoker {
  readonly calls: FakeCall[] = [];
  readonly #acts = new Map<string, Act>();
  readonly #ids: IdSource;

  constructor(ids: IdSource) {
    this.#ids = ids;
  }

  /** Scripts a plugin by name; unscripted ones answer `{}`. */
  on(plugin: string, act: Act): void {
    this.#acts.set(plugin, act);
  }

  async invoke(request: InvocationRequest): Promise<InvocationEnd> {
    const plugin = request.version.plugin.name;
    const sandboxId = this.#ids.newId('sbx');
    if (request.stop.aborted) return endOf(stopped(request.stop.reason as StopReason), null, null);
    await request.onStarted(sandboxId);
    const call: FakeCall = { request, plugin, input: JSON.parse(new TextDecoder().decode(request.input)) as unknown };
    this.calls.push(call);
    const act = this.#acts.get(plugin) ?? (() => ({ data: {} }));
    const answer = await act(call);
    if ('end' in answer) return answer.end;
    return endOf('outcome' in answer ? answer.outcome : OK, answer.data ?? null, sandboxId);
  }
}

/** Works until it is stopped, then ends as a sandbox would. */
export const untilStopped: Act = async ({ request }) => {
  if (!request.stop.aborted) {
    await new Promise((resolve) => {
      request.stop.addEventListener('abort', resolve, { once: true });
    });
  }
  return { outcome: stopped(request.stop.reason as StopReason) };
};

export function endOf(
  outcome: Outcome,
  result: JsonValue | null,
  sandboxId: InvocationEnd['sandboxId'],
): InvocationEnd {
  return {
    outcome,
    result,
    warnings: [],
    sandboxId,
    sandboxKind: sandboxId === null ? null : 'cold',
    cleanliness: sandboxId === null ? null : 'fresh',
    transport: sandboxId === null ? null : 'attach',
    phases: { sandboxWaitMs: 0, sendMs: 0, runMs: 0, receiveMs: 0 },
    usage: { memoryPeakBytes: null, cpuTimeMs: null, outputBytes: 0, logsBytes: 0 },
    reported: null,
  };
}

function stopped(reason: StopReason): Outcome {
  if (reason === 'hook_timeout' || reason === 'pipeline_timeout') {
    return { code: 'timeout', message: reason, breach: { limit: 'timeoutMs', value: 1, used: null } };
  }
  return { code: 'cancelled', message: reason };
}
