// A plant is a violation of one house rule beside a clean neighbour, in one text file (so that no other check trips over it):
//   <rule>: <part of the message>
//   --- planted <path>     --- clean <path>
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface SourceFile {
  /** as in the repository: `src/core/x.ts` */
  readonly path: string;
  readonly text: string;
}

export interface Plant {
  readonly name: string;
  /** null: reported by the linter itself, without a rule */
  readonly rule: string | null;
  readonly message: string;
  readonly planted: SourceFile;
  readonly clean: SourceFile;
}

const FOLDER = join(import.meta.dirname, 'planted');
const FORM = /^(\S+): (.+)\n--- planted (\S+)\n([^]*)--- clean (\S+)\n([^]*)$/;

export async function readPlants(): Promise<readonly Plant[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.plant')).sort();
  return await Promise.all(
    files.map(async (file) => {
      const parts = FORM.exec(await readFile(join(FOLDER, file), 'utf8'));
      if (parts === null) throw new Error(`${file} is no plant`);
      const [, rule = '', message = '', path = '', text = '', cleanPath = '', cleanText = ''] = parts;
      return {
        name: file.replace('.plant', ''),
        rule: rule === 'null' ? null : rule,
        message,
        planted: { path, text },
        clean: { path: cleanPath, text: cleanText },
      };
    }),
  );
}

/** Lays the files out in a folder as in a repository of their own, with this one's compiler settings and types. */
export async function layOut(folder: string, files: readonly SourceFile[]): Promise<void> {
  const repository = process.cwd();
  for (const { path, text } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text, { flag: 'wx' });
  }
  const settings = {
    extends: join(repository, 'tsconfig.json'),
    compilerOptions: { typeRoots: [join(repository, 'node_modules/@types')] },
    include: ['src'],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
}
