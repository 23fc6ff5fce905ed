// Where each instruction of a Dockerfile begins: the builder numbers its steps, people look for lines.

/** Line numbers (from 1) of the instructions in order; comments, blank lines and continued lines do not count. */
export function instructionLines(dockerfile: string): readonly number[] {
  const escape = /^#\s*escape\s*=\s*`/i.test(dockerfile) ? '`' : '\\';
  const starts: number[] = [];
  let isContinued = false;
  for (const [index, raw] of dockerfile.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (!isContinued) starts.push(index + 1);
    isContinued = line.endsWith(escape);
  }
  return starts;
}
