// The bytes that go to a plugin's stdin, or the outcome that says why it cannot be called. Nothing was delivered when this refuses.
import { GantryError } from '../../core/errors/gantry-error.ts';
import { within } from '../../core/deadline.ts';
import type { JsonValue } from '../../core/json.ts';
import { MESSAGE_BYTES_MAX } from '../../core/limits.ts';
import type { Outcome } from '../../core/outcome.ts';
import { NO_SECRETS, Redactor } from '../../core/redact.ts';
import { escapeText } from '../../lib/escape-text.ts';
import type { RequestInput, RunPorts, RunSettings } from '../run-ports.ts';
import { secretsKeyOf } from './secrets-key.ts';

export interface ReadyInput {
  readonly kind: 'ready';
  readonly bytes: Uint8Array;
  readonly nonce: string;
  /** see secretsKeyOf; null without secrets */
  readonly secretsKey: string | null;
  readonly redactor: Redactor;
}

export type PreparedInput = ReadyInput | { readonly kind: 'refused'; readonly outcome: Outcome };

export interface InputParts extends Omit<RequestInput, 'secrets'> {
  readonly secretNames: readonly string[];
  /** CEL expression of a `text` plugin; null for `json` and `stream`, which read the request document */
  readonly expression: string | null;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Of a plugin without secrets at once: nothing is waited for. */
export function prepareInput(
  ports: RunPorts,
  settings: RunSettings,
  parts: InputParts,
  stop: AbortSignal,
): PreparedInput | Promise<PreparedInput> {
  if (parts.secretNames.length > 0) return prepareSecretly(ports, settings, parts, stop);
  try {
    return readyWith(ports, parts, NONE);
  } catch (error) {
    return refusedFor(error, stop);
  }
}

async function prepareSecretly(
  ports: RunPorts,
  settings: RunSettings,
  parts: InputParts,
  stop: AbortSignal,
): Promise<PreparedInput> {
  try {
    const secrets = await within(ports.clock, settings.storeTimeoutMs, stop, (signal) =>
      ports.secrets.read(parts.secretNames, { signal }),
    );
    return readyWith(ports, parts, secrets);
  } catch (error) {
    return refusedFor(error, stop);
  }
}

function readyWith(ports: RunPorts, parts: InputParts, secrets: ReadonlyMap<string, string>): PreparedInput {
  const bytes = parts.expression === null ? ports.encoding.json({ ...parts, secrets }) : selectText(ports, parts);
  if (bytes.length > MESSAGE_BYTES_MAX) return refused(tooLarge(bytes.length));
  const redactor = secrets.size === 0 ? NO_SECRETS : new Redactor(secrets.values(), escapeText);
  return { kind: 'ready', bytes, nonce: parts.nonce, secretsKey: secretsKeyOf(secrets), redactor };
}

/** @throws what is no fault of plugin or pipeline */
function refusedFor(error: unknown, stop: AbortSignal): PreparedInput {
  if (stop.aborted) return refused('the invocation was stopped before its input was ready');
  if (!(error instanceof GantryError) || error.code === 'DEFECT') throw error;
  return refused(`${error.code}: ${error.message}`);
}

function selectText(ports: RunPorts, { expression, run, params, data, results }: InputParts): Uint8Array {
  const variables: Record<string, JsonValue> = { params, data, results, run: { ...run } };
  return ports.encoding.text(ports.expressions.compile(expression ?? 'data').evaluate(variables));
}

function tooLarge(bytes: number): string {
  return `the request is ${String(bytes)} bytes, at most ${String(MESSAGE_BYTES_MAX)} can be sent: pass less data between hooks`;
}

function refused(message: string): PreparedInput {
  return { kind: 'refused', outcome: { code: 'denied', message: escapeText(message).slice(0, 2_000) } };
}
