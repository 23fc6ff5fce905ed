// The signature scheme of Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`, the body as it came. Several signatures may stand side by
// side while a sender changes its secret. Comparisons take as long whether they hold or not.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far the sender's clock may be away, and so for how long a recorded request is accepted again (it then gives the same run). */
export const WINDOW_MS = 300_000;
const SIGNATURES_MAX = 10;
/** No full stop: it parts what is signed. */
const ID = /^[\x21-\x2d\x2f-\x7e]{1,160}$/;
const TIMESTAMP = /^[0-9]{1,12}$/;
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;
const ENCODED = /^[A-Za-z0-9+/]+={0,2}$/;
const PREFIX = 'whsec_';

/** What is wrong; for the log and the metric, never for the sender. */
export type SignatureFault = 'headers' | 'timestamp' | 'signature';

export interface SignedHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly signatures: readonly Uint8Array[];
}

export function readSignedHeaders(header: (name: string) => string | null): SignedHeaders | null {
  const id = header('webhook-id') ?? '';
  const timestamp = header('webhook-timestamp') ?? '';
  const signatures = (header('webhook-signature') ?? '').split(' ').slice(0, SIGNATURES_MAX).flatMap(bytesOf);
  return ID.test(id) && TIMESTAMP.test(timestamp) && signatures.length > 0 ? { id, timestamp, signatures } : null;
}

function bytesOf(token: string): readonly Uint8Array[] {
  const match = SIGNATURE.exec(token);
  return match === null ? [] : [Buffer.from(match[1] ?? '', 'base64')];
}

/** Bytes of the key: base64 behind `whsec_`, else the text itself. Null: what stands behind `whsec_` is no base64. */
export function signingKey(secret: string): Uint8Array | null {
  if (!secret.startsWith(PREFIX)) return Buffer.from(secret, 'utf8');
  const encoded = secret.slice(PREFIX.length);
  return ENCODED.test(encoded) ? Buffer.from(encoded, 'base64') : null;
}

/** The fault; null: somebody who knows the key has signed this body now. */
export function checkSignature(
  { id, timestamp, signatures }: SignedHeaders,
  body: Uint8Array,
  key: Uint8Array,
  nowMs: number,
): SignatureFault | null {
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  let isSigned = false;
  for (const signature of signatures)
    isSigned = (signature.length === expected.length && timingSafeEqual(signature, expected)) || isSigned;
  if (!isSigned) return 'signature';
  return Math.abs(nowMs - Number(timestamp) * 1000) <= WINDOW_MS ? null : 'timestamp';
}
