// The request document of protocol 1: what a `json` plugin reads from stdin, once, before the end of input.
import type { InvocationId, RunId } from '../core/ids.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { TerminalRunState, Trigger } from '../core/run.ts';

export const PROTOCOL_VERSION = '1.0';

export interface JsonRequest {
  readonly invocationId: InvocationId;
  /** unpredictable hex; a `json` result need not echo it, since the sandbox serves one invocation only */
  readonly nonce: string;
  readonly attempt: number;
  /** the same for every attempt of one invocation, so that a plugin can make its effects happen once */
  readonly idempotencyKey: string;
  /** unix milliseconds */
  readonly deadlineAtMs: number;
  readonly timeoutMs: number;
  /** W3C trace context; null when the run carries none */
  readonly traceparent: string | null;
  readonly run: {
    readonly id: RunId;
    readonly pipeline: string;
    readonly trigger: Trigger;
    /** of hooks that are run when the end of the run is certain */
    readonly state?: TerminalRunState;
    readonly failure?: JsonObject | null;
  };
  readonly hook: string;
  /** absent or null: the hook is not run per item */
  readonly item?: { readonly index: number; readonly count: number } | null;
  readonly params: JsonObject;
  readonly data: JsonValue;
  /** the text of `data`, as JSON.stringify writes it, where it is at hand */
  readonly dataJson?: string | undefined;
  /** hook → plugin → {status, data} of the hooks before this one */
  readonly results: JsonObject;
  readonly config: JsonObject;
  readonly secrets: ReadonlyMap<string, string>;
}

const encoder = new TextEncoder();

/** The UTF-8 bytes of the request document, with a line end so that line readers are served as well. */
export function encodeJsonRequest(request: JsonRequest): Uint8Array {
  const { run, hook, params, data, dataJson = JSON.stringify(data), results, config, secrets } = request;
  const item = (request.item ?? null) === null ? '' : `"item":${JSON.stringify(request.item)},`;
  const context = `{"run":${JSON.stringify(run)},"hook":${JSON.stringify(hook)},${item}"params":${JSON.stringify(params)},"data":${dataJson},"results":${JSON.stringify(results)}}`;
  const document = `{"protocol":"${PROTOCOL_VERSION}","method":"run","invocation":${invocationOf(request)},"context":${context},"config":${JSON.stringify(config)},"secrets":${JSON.stringify(Object.fromEntries(secrets))}}`;
  return encoder.encode(`${document}\n`);
}

function invocationOf(request: JsonRequest): string {
  return JSON.stringify({
    id: request.invocationId,
    nonce: request.nonce,
    attempt: request.attempt,
    idempotencyKey: request.idempotencyKey,
    deadline: new Date(request.deadlineAtMs).toISOString(),
    timeoutMs: request.timeoutMs,
    ...(request.traceparent === null ? {} : { traceparent: request.traceparent }),
  });
}
