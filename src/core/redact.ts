// Takes secrets out of whatever a plugin gives back, once, before anything is merged, stored or shown (I-9). Each secret is looked for
// plainly, in base64 at each of the three alignments, URL-encoded and JSON-escaped; a secret of several lines also line by line.
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { findSpans, type Span } from './redact-spans.ts';
import { binaryOf, RedactStream } from './redact-stream.ts';

export const REDACTED = '[redacted]';
/** Shorter secrets are refused elsewhere: they would redact ordinary text. */
export const SECRET_LENGTH_MIN = 8;

export class Redactor {
  readonly #forms: readonly string[];
  /** the forms as UTF-8, one character per byte */
  readonly #binaryForms: readonly string[];

  /** @param escape further ways in which the host itself writes text (log escaping) */
  constructor(secrets: Iterable<string>, escape: (text: string) => string = (text) => text) {
    const forms = new Set<string>();
    for (const secret of secrets) for (const form of formsOf(secret, escape)) forms.add(form);
    this.#forms = [...forms].sort((left, right) => right.length - left.length);
    this.#binaryForms = this.#forms.map((form) => binaryOf(new TextEncoder().encode(form)));
  }

  /** True without a secret: whatever is given comes back as it is. */
  get isIdle(): boolean {
    return this.#forms.length === 0;
  }

  /** Overlapping finds become one mark, so no part of a secret stays between two of them. */
  text(text: string): string {
    if (this.#forms.length === 0) return text;
    const spans = this.#find(text);
    let redacted = '';
    let from = 0;
    for (const [start, end] of spans) {
      redacted += text.slice(from, start) + REDACTED;
      from = end;
    }
    return from === 0 ? text : redacted + text.slice(from);
  }

  /** A copy with every string, key and number redacted; the value itself when there are no secrets. */
  json(value: JsonValue): JsonValue {
    return this.#forms.length === 0 ? value : this.#json(value);
  }

  #json(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.#find(String(value)).length === 0 ? value : REDACTED;
    if (Array.isArray(value)) return value.map((item) => this.#json(item));
    if (!isJsonObject(value)) return value;
    const copy = Object.create(null) as JsonObject;
    for (const [key, member] of Object.entries(value)) copy[this.text(key)] = this.#json(member);
    return copy;
  }

  /** For bytes that come in pieces. */
  stream(): RedactStream {
    return new RedactStream(this.#binaryForms, REDACTED, SECRET_LENGTH_MIN);
  }

  /** The first bytes with the secrets taken out; of one that goes past the cut, nothing stays. */
  head(bytes: Uint8Array, maxBytes: number): Uint8Array {
    const stream = this.stream();
    const passed = stream.push(bytes.subarray(0, maxBytes));
    const rest = bytes.length > maxBytes ? new Uint8Array(0) : stream.end();
    const whole = new Uint8Array(passed.length + rest.length);
    whole.set(passed);
    whole.set(rest, passed.length);
    return whole.subarray(0, maxBytes);
  }

  /** Of a text that was cut before it came here: what may be the beginning of a secret at its end goes, too. */
  beginning(text: string): string {
    if (this.#forms.length === 0) return text;
    return new TextDecoder().decode(this.stream().push(new TextEncoder().encode(this.text(text))));
  }

  /** A find inside a mark is none, so that redacting twice changes nothing. */
  #find(text: string): readonly Span[] {
    const finds = findSpans(text, this.#forms);
    if (finds.length === 0) return finds;
    const marks = findSpans(text, [REDACTED]);
    return finds.filter(([start, end]) => !marks.some((mark) => mark[0] <= start && end <= mark[1]));
  }
}

/** Of an invocation that was given no secret. */
export const NO_SECRETS = new Redactor([]);

function formsOf(secret: string, escape: (text: string) => string): readonly string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const plain = [secret, secret.trim(), ...lines];
  return plain
    .flatMap((text) => [text, escape(text), JSON.stringify(text).slice(1, -1), ...urlForms(text), ...base64Forms(text)])
    .filter((form) => form.length >= SECRET_LENGTH_MIN);
}

function urlForms(text: string): readonly string[] {
  const upper = encodeURIComponent(text.toWellFormed());
  const strict = upper.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (form: string): string => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  return [upper, strict, lower(upper), lower(strict), strict.replaceAll('%20', '+')];
}

/** Inside longer base64 a text starts at one of three alignments; the characters that mix with its neighbours are cut off. */
function base64Forms(text: string): readonly string[] {
  const bytes = new TextEncoder().encode(text);
  const padded = toBase64(bytes);
  const forms = [padded, padded.replace(/=+$/, '')];
  for (let shift = 0; shift < 3; shift += 1) {
    const shifted = new Uint8Array(shift + bytes.length);
    shifted.set(bytes, shift);
    const whole = toBase64(shifted);
    const startAt = Math.ceil((shift * 8) / 6);
    const endAt = Math.floor((shifted.length * 8) / 6);
    forms.push(whole.slice(startAt, endAt));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(binaryOf(bytes));
}
