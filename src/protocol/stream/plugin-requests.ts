// The plugin's requests for host services that wait for our answer. What is admitted belongs to a run in flight, is declared in the manifest and
// is one of few: so it may be large and frequent without being a flood. Everything else is refused, and what is refused counts as unasked.
import type { JsonObject } from '../../core/json.ts';
import type { Refusal } from './encode-message.ts';
import type { OpenRequest } from './open-requests.ts';
import type { PluginMessage } from './read-message.ts';
import type { PluginRequest } from './session-events.ts';
import { OPEN_REQUESTS_MAX, REQUEST_BYTES_MAX } from './stream-limits.ts';

export type AskedMessage = Extract<PluginMessage, { readonly kind: 'request' }>;

const KNOWN = /^(state|http|artifact|secret)\.[a-z]+$/;
/** What this host can do: services by name, each with its methods. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  state: ['state.get', 'state.set', 'state.delete', 'state.list'],
  artifact: ['artifact.put', 'artifact.get'],
};

export class PluginRequests {
  readonly #open = new Map<number | string, PluginRequest>();

  /** True while a request with that id waits. */
  has(key: number | string): boolean {
    return this.#open.has(key);
  }

  get count(): number {
    return this.#open.size;
  }

  open(request: PluginRequest): void {
    this.#open.set(request.key, request);
  }

  /** False when it does not wait any more. */
  close(request: PluginRequest): boolean {
    return this.#open.get(request.key) === request && this.#open.delete(request.key);
  }

  /** Closes those of the run and returns them. */
  closeOf(runId: number): readonly PluginRequest[] {
    if (this.#open.size === 0) return [];
    const ofRun = [...this.#open.values()].filter((request) => request.runId === runId);
    for (const { key } of ofRun) this.#open.delete(key);
    return ofRun;
  }
}

/** Why it may not be asked for at all; null when it may. @param declared in the manifest */
function refusalOfMethod(method: string, declared: readonly string[]): Refusal | null {
  const service = KNOWN.exec(method)?.[1];
  if (service === undefined) return { reason: 'METHOD_NOT_FOUND', message: 'there is no such method' };
  const methods = METHODS[service];
  if (methods === undefined)
    return { reason: 'NOT_SUPPORTED', message: `this host does not offer ${service} yet`, details: { service } };
  if (!methods.includes(method))
    return { reason: 'METHOD_NOT_FOUND', message: `there is no such method; ${service} has ${methods.join(', ')}` };
  if (declared.includes(service)) return null;
  const message = `the manifest does not declare it: add \`services: [${service}]\``;
  return { reason: 'NOT_DECLARED', message, details: { service } };
}

const NO_RUN: Refusal = {
  reason: 'NO_RUN',
  message: 'host services are there for a run in flight: give its id as `params.id`',
};

export interface Moment {
  /** the run in flight that the request belongs to */
  readonly run: OpenRequest | null;
  /** requests whose answers were not read yet */
  readonly waiting: number;
  readonly lineBytes: number;
}

/** The request, or why it is refused. @param declared services of the manifest */
export function admit(
  { id: key, method, params }: AskedMessage,
  declared: readonly string[],
  { run, waiting, lineBytes }: Moment,
): PluginRequest | Refusal {
  const refusal = refusalOfMethod(method, declared);
  if (refusal !== null) return refusal;
  if (run === null) return NO_RUN;
  if (lineBytes > REQUEST_BYTES_MAX)
    return { reason: 'TOO_LARGE', message: `a request may have ${String(REQUEST_BYTES_MAX)} bytes` };
  if (waiting >= OPEN_REQUESTS_MAX)
    return { reason: 'BUSY', message: `${String(OPEN_REQUESTS_MAX)} requests wait for answers already` };
  return { key, runId: run.id, method, params: params ?? {} };
}

/** Of what is still open when its run ends. */
export const RUN_ENDED: Refusal = {
  reason: 'NO_RUN',
  message: 'its run has ended; it may have been done all the same',
};

/** The id of the run that the params name; null: they name none; NaN: they name what can be no run. */
export function runIdIn(params: JsonObject | null): number | null {
  const id = params?.['id'];
  if (id === undefined) return null;
  return typeof id === 'number' ? id : NaN;
}
