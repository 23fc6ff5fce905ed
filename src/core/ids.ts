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
/** Both characters of every ten bits. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => ALPHABET.charAt(bits >> 5) + ALPHABET.charAt(bits & 31));
const ID_PATTERN = /^(run|inv|sbx|wrk|art)_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/**
 * Writes a UUIDv7 (RFC 9562 §5.7): 48 bits of unix milliseconds, version 7, variant 10, the rest random.
 * @param nowMs unix time in milliseconds, 0 ≤ nowMs < 2^48
 * @param random at least 10 random bytes
 */
export function formatId<P extends IdPrefix>(prefix: P, nowMs: number, random: Uint8Array): IdByPrefix[P] {
  let text = `${prefix}_`;
  // Two zero bits in front make the 128 bits thirteen pairs of characters.
  let held = 0;
  let heldBits = 2;
  for (let index = 0; index < 16; index += 1) {
    held = (held << 8) | byteAt(index, nowMs, random);
    heldBits += 8;
    if (heldBits < 10) continue;
    heldBits -= 10;
    text += PAIRS[held >> heldBits] ?? '';
    held &= (1 << heldBits) - 1;
  }
  return text as unknown as IdByPrefix[P];
}

/** One of the 16 bytes, the most significant one first. */
function byteAt(index: number, nowMs: number, random: Uint8Array): number {
  // 48 bits are more than a shift can take: the upper 16 are divided off.
  if (index < 2) return (Math.floor(nowMs / 2 ** 32) >> (8 * (1 - index))) & 0xff;
  if (index < 6) return (nowMs >>> (8 * (5 - index))) & 0xff;
  const byte = random[index - 6] ?? 0;
  if (index === 6) return 0x70 | (byte & 0x0f);
  return index === 8 ? 0x80 | (byte & 0x3f) : byte;
}

/** Reads an id of the wanted kind; null when the text is anything else (the text may be hostile). */
export function parseId<P extends IdPrefix>(prefix: P, text: string): IdByPrefix[P] | null {
  return ID_PATTERN.test(text) && text.startsWith(`${prefix}_`) ? (text as unknown as IdByPrefix[P]) : null;
}
