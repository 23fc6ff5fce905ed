// Proves that a cycle of hooks is shown as the way around it.
import { describe, expect, it } from 'vitest';
import { findCycle } from '../../../src/config/find-cycle.ts';

function edges(graph: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(graph));
}

describe('finding a cycle', () => {
  it.each([
    [{ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }],
    [{ a: ['unknown'], b: ['a', 'a'] }],
    [Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`h${n}`, n === 0 ? [] : [`h${n - 1}`]]))],
  ])('finds none where there is none', (graph) => {
    expect(findCycle(edges(graph as Record<string, string[]>))).toBeNull();
  });

  it.each([
    [{ a: ['a'] }, ['a', 'a']],
    [{ a: ['b'], b: ['a'] }, ['a', 'b', 'a']],
    [{ start: ['b'], b: ['c'], c: ['d'], d: ['b'] }, ['b', 'c', 'd', 'b']],
    [{ fine: [], a: ['fine', 'b'], b: ['fine', 'c'], c: ['a'] }, ['a', 'b', 'c', 'a']],
  ])('names those along it, and no others', (graph, cycle) => {
    expect(findCycle(edges(graph))).toEqual(cycle);
  });
});
