// Every transition has an event, and events carry plain JSON only: they are stored and streamed as they are.
import ts from 'typescript';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const FILE = 'src/core/events.ts';
const source = ts.createSourceFile(FILE, readFileSync(FILE, 'utf8'), ts.ScriptTarget.Latest, true);

/** Kinds of the union, in the order of the file. */
function kindsOf(union: string): readonly string[] {
  const kinds: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) && node.name.getText() === 'kind' && node.type !== undefined)
      kinds.push(node.type.getText().slice(1, -1));
    ts.forEachChild(node, visit);
  };
  for (const statement of source.statements)
    if (ts.isTypeAliasDeclaration(statement) && statement.name.text === union) visit(statement);
  return kinds;
}

const kinds = [...kindsOf('RunEvent'), ...kindsOf('SystemEvent')];

describe('domain events', () => {
  it('have one kind each', () => {
    expect(kinds.length).toBeGreaterThan(20);
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  it.each(kinds)('%s says in the past tense what has happened', (kind) => {
    expect(kind).toMatch(/^[a-z]+([A-Z][a-z]+)*(ed|Found|Lost|Taken|Written)$/);
  });
});
