// Where secrets stand in a text: plain searches, the finds joined where they overlap or touch.

/** Start and end (exclusive) in characters. */
export type Span = readonly [start: number, end: number];

/** Joined spans of every find, ascending. */
export function findSpans(text: string, forms: readonly string[]): readonly Span[] {
  return joinSpans(forms.flatMap((form) => spansOf(text, form)));
}

export function joinSpans(spans: readonly Span[]): readonly Span[] {
  const joined: [number, number][] = [];
  for (const [start, end] of spans.toSorted(([left], [right]) => left - right)) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

/** Where the longest end of the text starts that is the beginning of a form, though not all of it; the text's length if none is. */
export function beginningAt(text: string, forms: readonly string[]): number {
  let from = text.length;
  for (const form of forms) {
    const first = form.charAt(0);
    let at = text.indexOf(first, Math.max(0, text.length - form.length + 1));
    while (at !== -1 && at < from && !form.startsWith(text.slice(at))) at = text.indexOf(first, at + 1);
    if (at !== -1) from = Math.min(from, at);
  }
  return from;
}

/** Spans of one form; overlapping finds are joined at once, so a run of repeated characters is one span. */
function spansOf(text: string, form: string): Span[] {
  const spans: [number, number][] = [];
  for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
    const last = spans.at(-1);
    if (last !== undefined && at <= last[1]) last[1] = at + form.length;
    else spans.push([at, at + form.length]);
  }
  return spans;
}
