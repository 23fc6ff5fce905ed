// Where the first bracketed JSON document of a text ends. Only brackets and strings are looked at: enough to tell a second document from a
// cut one; whether the part is JSON is for the parser to say.

/** The index after the closing bracket; null when the text does not start with a bracket or the document is not closed. */
export function documentEnd(text: string, start: number): number | null {
  if (start < 0 || !'{['.includes(text[start] ?? ' ')) return null;
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const char = text[index];
    if (char === '"') index = stringEnd(text, index);
    else depth += step(char);
    if (depth === 0) return index + 1;
  }
  return null;
}

function step(char: string | undefined): number {
  if (char === '{' || char === '[') return 1;
  return char === '}' || char === ']' ? -1 : 0;
}

/** The index of the closing quote, or the end of the text. */
function stringEnd(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === '"') return index;
  }
  return text.length;
}
