// `npm run docs`: writes every generated document anew. A test fails while one of them is stale.
import { writeFile } from 'node:fs/promises';
import { DOCUMENTS } from './documents.ts';

for (const [path, render] of DOCUMENTS) {
  await writeFile(path, render());
  process.stdout.write(`${path}\n`);
}
