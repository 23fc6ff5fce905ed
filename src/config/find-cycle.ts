// The first cycle of a graph of hooks, as the way around it, so that its author sees which word to take out.

/**
 * @param edges a name and those it follows; names that are no keys lead nowhere
 * @returns the names along the cycle, the first again as the last; null: there is none
 */
export function findCycle(edges: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>();
  for (const start of edges.keys()) {
    const cycle = walk(start, edges, done);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Depth first without recursion: a chain of a hundred hooks is a legal pipeline. */
function walk(
  start: string,
  edges: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
): readonly string[] | null {
  const path: string[] = [];
  const open: { readonly name: string; next: number }[] = [];
  const enter = (name: string): void => {
    path.push(name);
    open.push({ name, next: 0 });
  };
  if (!done.has(start)) enter(start);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = edges.get(top.name)?.[top.next];
    top.next += 1;
    if (next === undefined) {
      done.add(top.name);
      path.pop();
      open.pop();
    } else if (path.includes(next)) return [...path.slice(path.indexOf(next)), next];
    else if (edges.has(next) && !done.has(next)) enter(next);
  }
  return null;
}
