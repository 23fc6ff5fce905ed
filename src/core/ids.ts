// Ids are UUIDv7 values written as 26 lower-case Crockford base32 characters behind a prefix, so they sort by creation time.
// The caller brings the time and the random bytes: this file reads neither a clock nor a random source.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type RunId = Branded<'RunId'>;
export type InvocationId = Branded<'InvocationId'>;
export type SandboxId = Branded<'SandboxId'>;
export type WorkerId = Branded<'WorkerId'>;
export type ArtifactId = Branded<'ArtifactId'>;

export interface IdByPrefix {
  run: RunId;
  inv: InvocationId;
  sbx: SandboxId;
  wrk: WorkerId;
  art: ArtifactId;
}
export type IdPrefix = keyof IdByPrefix;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_PATTERN = /^(run|inv|sbx|wrk|art)_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/**
 * Writes a UUIDv7 (RFC 9562 §5.7): 48 bits of unix milliseconds, version 7, variant 10, the rest random.
 * @param nowMs unix time in milliseconds, 0 ≤ nowMs < 2^48
 * @param random at least 10 random bytes
 */
export function formatId<P extends IdPrefix>(prefix: P, nowMs: number, random: Uint8Array): IdByPrefix[P] {
  let bits = BigInt(nowMs) << 80n;
  for (let index = 0; index < 10; index += 1) bits |= BigInt(random[index] ?? 0) << BigInt(8 * (9 - index));
  bits = (bits & ~(0xfn << 76n)) | (0x7n << 76n);
  bits = (bits & ~(0x3n << 62n)) | (0x2n << 62n);
  let text = '';
  for (let shift = 125n; shift >= 0n; shift -= 5n) text += ALPHABET[Number((bits >> shift) & 31n)] ?? '';
  return `${prefix}_${text}` as unknown as IdByPrefix[P];
}

/** Reads an id of the wanted kind; null when the text is anything else (the text may be hostile). */
export function parseId<P extends IdPrefix>(prefix: P, text: string): IdByPrefix[P] | null {
  return ID_PATTERN.test(text) && text.startsWith(`${prefix}_`) ? (text as unknown as IdByPrefix[P]) : null;
}
