// The way of a signed request to a run. Until the signature holds, nothing is told apart: an unknown path, a stale time and a wrong signature
// cost the same work and give the same answer. Only then content and queue are spoken of. Its id is the idempotency key.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { JsonValue } from '../core/json.ts';
import { JSON_DEPTH_MAX } from '../core/limits.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { WebhookSpec } from '../core/pipeline-trigger.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import { parseStrictJson } from '../core/strict-json.ts';
import type { RunPorts } from '../pipeline/run-ports.ts';
import type { Runs } from './create-runs.ts';
import type { Started } from './start-run.ts';
import { checkSignature, readSignedHeaders, signingKey, type SignatureFault } from './webhook-signature.ts';

const REFUSED = 'The request is not signed as this address asks.';
const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;
const SECRET_RETRY_MS = 60_000;
/** What is read and signed with where there is no webhook, so that it takes as long. */
const NOBODY = { secret: 'NO_WEBHOOK_IS_HERE', key: Buffer.alloc(32) };

export interface WebhookRequest {
  /** below /hooks/, as it was sent */
  readonly path: string;
  /** null when absent */
  header(name: string): string | null;
  /** @throws GantryError BODY_TOO_LARGE */
  readBody(): Promise<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface WebhookPorts extends Pick<RunPorts, 'clock' | 'events' | 'pipelines'> {
  readonly secrets: Secrets;
  readonly runs: Pick<Runs, 'startRun'>;
}

interface Webhook {
  readonly pipeline: string;
  readonly spec: WebhookSpec;
}

export class WebhookDoor {
  readonly #ports: WebhookPorts;
  #seen: ReadonlyMap<string, Pipeline> | null = null;
  #byPath: ReadonlyMap<string, Webhook> = new Map();

  constructor(ports: WebhookPorts) {
    this.#ports = ports;
  }

  /** @throws GantryError WEBHOOK_REFUSED, WEBHOOK_NOT_READY, BODY_TOO_LARGE, CONTENT_TYPE, JSON_INVALID, and what starting a run throws */
  async receive(request: WebhookRequest): Promise<Started> {
    const webhook = this.#webhooks().get(request.path) ?? null;
    try {
      const started = await this.#receive(request, webhook);
      this.#tell(webhook, started.isRepeat ? 'repeated' : 'accepted');
      return started;
    } catch (error) {
      if (error instanceof GantryError && error.code !== 'WEBHOOK_REFUSED') this.#tell(webhook, error.code);
      throw error;
    }
  }

  async #receive(request: WebhookRequest, webhook: Webhook | null): Promise<Started> {
    const headers = readSignedHeaders((name) => request.header(name));
    if (headers === null) throw this.#refuse('headers');
    const body = await request.readBody();
    const key = await this.#keyOf(webhook, request.signal);
    const fault = checkSignature(headers, body, key, this.#ports.clock.wallMs());
    if (webhook === null || fault !== null) throw this.#refuse(webhook === null ? 'path' : (fault ?? 'signature'));
    const { pipeline, spec } = webhook;
    const { params, tags, skipTags, name: source } = spec;
    const data = readData(body, request.header('content-type'));
    const idempotencyKey = `webhook/${spec.name}/${headers.id}`;
    const asked = { pipeline, trigger: 'webhook', source, params, data, tags, skipTags, idempotencyKey } as const;
    return await this.#ports.runs.startRun(asked);
  }

  /** @throws GantryError WEBHOOK_NOT_READY */
  async #keyOf(webhook: Webhook | null, signal: AbortSignal): Promise<Uint8Array> {
    const name = webhook?.spec.secret ?? NOBODY.secret;
    try {
      const secret = (await this.#ports.secrets.read([name], { signal })).get(name);
      const key = secret === undefined ? null : signingKey(secret);
      if (key !== null) return key;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GantryError)) throw error;
    }
    if (webhook === null) return NOBODY.key;
    const message = `The secret ${name} of this webhook is not set, or is no key.`;
    throw new GantryError('WEBHOOK_NOT_READY', message, { retryAfterMs: SECRET_RETRY_MS });
  }

  #refuse(fault: SignatureFault | 'path'): GantryError {
    this.#tell(null, fault);
    return new GantryError('WEBHOOK_REFUSED', REFUSED);
  }

  #tell(webhook: Webhook | null, result: string): void {
    const [pipeline, name] = webhook === null ? [null, null] : [webhook.pipeline, webhook.spec.name];
    this.#ports.events.emit({ kind: 'webhookReceived', pipeline, webhook: name, result });
  }

  #webhooks(): ReadonlyMap<string, Webhook> {
    const pipelines = this.#ports.pipelines();
    if (pipelines !== this.#seen) {
      this.#seen = pipelines;
      const all = [...pipelines.values()].flatMap(({ name, triggers }) =>
        triggers.filter((one) => one.kind === 'webhook').map((spec) => [spec.path, { pipeline: name, spec }] as const),
      );
      this.#byPath = new Map(all);
    }
    return this.#byPath;
  }
}

/** @throws GantryError CONTENT_TYPE, JSON_INVALID */
function readData(body: Uint8Array, type: string | null): JsonValue {
  if (body.length === 0) return {};
  if (type === null || !JSON_TYPE.test(type.trim()))
    throw new GantryError('CONTENT_TYPE', `The body must be application/json, not ${JSON.stringify(type ?? '')}.`);
  const parsed = parseStrictJson(body, { maxBytes: body.length, maxDepth: JSON_DEPTH_MAX });
  if (!parsed.ok) throw new GantryError('JSON_INVALID', `The body is not acceptable JSON: ${parsed.message}.`);
  return parsed.value;
}
