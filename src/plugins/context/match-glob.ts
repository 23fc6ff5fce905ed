// Globs of .dockerignore: `*` and `?` within a part of a path, `**` over any number of parts. Both levels go back only to the last star,
// so no pattern of an author can make the time explode (a regular expression made of it could).

/** True when the whole path fits the pattern; both as parts between `/`. */
export function matchGlob(pattern: readonly string[], path: readonly string[]): boolean {
  return matchSequence(pattern, path, '**', matchPart);
}

function matchPart(pattern: string, part: string): boolean {
  return matchSequence(Array.from(pattern), Array.from(part), '*', (want, have) => want === '?' || want === have);
}

function matchSequence(
  pattern: readonly string[],
  items: readonly string[],
  star: string,
  fits: (want: string, have: string) => boolean,
): boolean {
  let at = 0;
  let index = 0;
  let starAt = -1;
  let starIndex = 0;
  while (index < items.length) {
    const want = pattern[at];
    if (want === star) {
      starAt = at;
      starIndex = index;
      at += 1;
    } else if (want !== undefined && fits(want, items[index] ?? '')) {
      at += 1;
      index += 1;
    } else if (starAt >= 0) {
      at = starAt + 1;
      starIndex += 1;
      index = starIndex;
    } else return false;
  }
  return pattern.slice(at).every((want) => want === star);
}
