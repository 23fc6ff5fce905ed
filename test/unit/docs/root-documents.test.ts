// What the documents refer to must be there: links, anchors, tests that are named as proof, invariants that are numbered.
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const DOCUMENTS = [
  'test/faults/README.md',
  ...['README', 'ARCHITECTURE', 'DECISIONS', 'SECURITY', 'CONTRIBUTING', 'CHANGELOG'].map((name) => `${name}.md`),
  ...(await readdir('docs', { recursive: true })).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** The anchors of a document as its readers make them: of headings, and written ones. */
function anchorsOf(text: string): readonly string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)];
}

async function sources(): Promise<string> {
  const files = (
    await Promise.all(
      ['src', 'test'].map(async (top) =>
        (await readdir(top, { recursive: true }))
          .filter((name) => /\.(ts|yaml)$/.test(name))
          .map((name) => join(top, name)),
      ),
    )
  ).flat();
  const texts = await Promise.all(
    files.filter((file) => !file.includes('unit/docs')).map((file) => readFile(file, 'utf8')),
  );
  return texts.join('\n');
}

describe('documents', () => {
  it.each(DOCUMENTS)('%s links only to what is there', async (document) => {
    const text = await readFile(document, 'utf8');
    for (const [, target = ''] of text.matchAll(LINK)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document : normalize(join(dirname(document), path));
      expect(await exists(file), `${document}: ${target}`).toBe(true);
      if (anchor !== undefined)
        expect(anchorsOf(await readFile(file, 'utf8')), `${document}: ${target}`).toContain(anchor);
    }
  });

  it.each(DOCUMENTS)('%s names no folder or file of the repository that is not there', async (document) => {
    const text = await readFile(document, 'utf8');
    const named = [...text.matchAll(/`((?:src|test|docs|docker|config)\/[\w./-]+)`/g)].map(([, path = '']) => path);
    for (const path of named) if (!/^config\/(plugins|secrets)/.test(path)) expect(await exists(path), path).toBe(true);
  });
});

describe('SECURITY.md', () => {
  it('names tests that exist, by their titles', async () => {
    const text = await readFile('SECURITY.md', 'utf8');
    const proofs = [...text.matchAll(/\]\((test\/[^)]+)\): "([^"]+)"/g)];
    expect(proofs.length).toBeGreaterThan(25);
    for (const [, file = '', title = ''] of proofs) expect(await readFile(file, 'utf8'), file).toContain(`'${title}'`);
  });

  it('leaves no hostile test without a promise', async () => {
    const text = await readFile('SECURITY.md', 'utf8');
    const files = (await readdir('test/hostile')).filter((name) => name.endsWith('.test.ts'));
    expect(files.filter((name) => !text.includes(`test/hostile/${name}`))).toEqual([]);
  });
});

describe('ARCHITECTURE.md', () => {
  it('numbers its invariants without a gap, and each is cited in code or tests', async () => {
    const text = await readFile('ARCHITECTURE.md', 'utf8');
    const numbers = [...text.matchAll(/^- \*\*I-(\d+)\*\*/gm)].map(([, number = '']) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const code = await sources();
    const cited = new Set([...code.matchAll(/\bI-(\d+)\b/g)].map(([, number = '']) => Number(number)));
    expect(numbers.filter((number) => !cited.has(number))).toEqual([]);
    expect([...cited].filter((number) => !numbers.includes(number))).toEqual([]);
  });
});

describe('DECISIONS.md', () => {
  it('has a line for every dependency', async () => {
    const text = await readFile('DECISIONS.md', 'utf8');
    const manifest = JSON.parse(await readFile('package.json', 'utf8')) as Record<string, Record<string, string>>;
    const names = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
      Object.keys(manifest[group] ?? {}),
    );
    expect(names.filter((name) => !name.startsWith('@types/') && !text.includes(name))).toEqual([]);
  });
});

describe('test/faults/README.md', () => {
  it('names tests by parts of their titles, and no file of faults is left out', async () => {
    const text = await readFile('test/faults/README.md', 'utf8');
    const proofs = [...text.matchAll(/\]\(([^)]+)\): "([^"]+)"/g)];
    expect(proofs.length).toBeGreaterThan(30);
    for (const [, file = '', title = ''] of proofs)
      expect(await readFile(join('test/faults', file), 'utf8'), file).toContain(title);
    const files = (await readdir('test/faults')).filter((name) => name.endsWith('.test.ts'));
    expect(files.filter((name) => !text.includes(`](${name})`))).toEqual([]);
  });
});
