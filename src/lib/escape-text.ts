// Makes hostile text safe for terminals, logs and pages: control characters, ANSI escapes and bidirectional overrides become visible
// escapes; line breaks and tabs are escaped as well, so one text stays one line.

// C0 and C1 controls, line and paragraph separators, bidi marks, embeddings, overrides and isolates, zero-width and BOM, lone surrogates.
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with every hostile character written as `\n`, `\r`, `\t` or `\uXXXX`. */
export function escapeText(text: string): string {
  return text.replace(HOSTILE, (char) => NAMED[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
