// Bad folders by their number in the list of bad inputs (24–31, 33): how each is made, and the code that must come of it. Run by
// test/integration/plugins/bad-folders.test.ts; the table of numbers in test/unit/plugins/bad-inputs.test.ts counts on it.
import { execFile } from 'node:child_process';
import { chmod, link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemFiles, type FolderFiles } from '../../../src/plugins/context/folder-files.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

const run = promisify(execFile);

export interface BadFolder {
  readonly number: number;
  readonly title: string;
  /** Spoils the good plugin in the folder. Returns other file calls where the badness is one of time. */
  readonly spoil: (folder: TemporaryFolder) => Promise<FolderFiles | undefined>;
  readonly code: string;
  /** what the message names */
  readonly names: string;
}

const forbidden = 'CONTEXT_FORBIDDEN_ENTRY';
const nothing = undefined;

/** The real files, but opening the path does something first. */
function onOpen(name: string, act: (path: string) => Promise<void>): FolderFiles {
  return {
    ...systemFiles,
    open: async (path) => {
      if (!path.endsWith(`/${name}`)) return systemFiles.open(path);
      await act(path);
      return systemFiles.open(path);
    },
  };
}

export const BAD_FOLDERS: readonly BadFolder[] = [
  {
    number: 24,
    title: 'a symlink that leads out',
    spoil: async ({ path }) => symlink('/etc/passwd', join(path, 'out')).then(() => nothing),
    code: forbidden,
    names: '/out is a symbolic link',
  },
  {
    number: 24,
    title: 'a symlink to a folder outside',
    spoil: async ({ path }) => symlink('/etc', join(path, 'out')).then(() => nothing),
    code: forbidden,
    names: '/out is a symbolic link',
  },
  {
    number: 25,
    title: 'a loop of symlinks',
    spoil: async ({ path }) => {
      await symlink('b', join(path, 'a'));
      await symlink('a', join(path, 'b'));
      return nothing;
    },
    code: forbidden,
    names: 'is a symbolic link',
  },
  {
    number: 26,
    title: 'a hard link',
    spoil: async ({ path }) => link(join(path, 'main.sh'), join(path, 'twin.sh')).then(() => nothing),
    code: forbidden,
    names: 'is a hard link',
  },
  {
    number: 27,
    title: 'a FIFO',
    spoil: async ({ path }) => run('mkfifo', [join(path, 'pipe')]).then(() => nothing),
    code: forbidden,
    names: '/pipe is a FIFO',
  },
  {
    number: 27,
    title: 'a manifest that is a FIFO',
    spoil: async ({ path }) => {
      await run('rm', [join(path, 'plugin.yaml')]);
      await run('mkfifo', [join(path, 'plugin.yaml')]);
      return nothing;
    },
    code: 'MANIFEST_UNREADABLE',
    names: 'is a FIFO',
  },
  {
    number: 27,
    title: 'a manifest that is a symlink',
    spoil: async ({ path }) => {
      await run('mv', [join(path, 'plugin.yaml'), join(path, 'real.yaml')]);
      await symlink('real.yaml', join(path, 'plugin.yaml'));
      return nothing;
    },
    code: 'MANIFEST_UNREADABLE',
    names: 'is a symbolic link',
  },
  {
    number: 28,
    title: 'a setuid file',
    spoil: async ({ path }) => chmod(join(path, 'main.sh'), 0o4755).then(() => nothing),
    code: forbidden,
    names: '/main.sh has the setuid',
  },
  {
    number: 29,
    title: 'more than 2,000 files',
    spoil: async (folder) => {
      await folder.write(Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`many/${index}`, ''])));
      return nothing;
    },
    code: 'CONTEXT_TOO_LARGE',
    names: '2000 files',
  },
  {
    number: 29,
    title: 'more than 50 MiB',
    spoil: async ({ path }) => {
      await run('truncate', ['-s', '30M', join(path, 'one'), join(path, 'two')]);
      return nothing;
    },
    code: 'CONTEXT_TOO_LARGE',
    names: '52428800 bytes',
  },
  {
    number: 29,
    title: 'a path of more than 255 bytes',
    spoil: async (folder) => {
      await folder.write({ [`${'a'.repeat(100)}/${'b'.repeat(100)}/${'c'.repeat(100)}`]: '' });
      return nothing;
    },
    code: 'CONTEXT_TOO_LARGE',
    names: '255 bytes',
  },
  {
    number: 31,
    title: 'a file that grows while it is read',
    spoil: () => Promise.resolve(onOpen('main.sh', (path) => writeFile(path, 'a text of another length entirely'))),
    code: 'CONTEXT_CHANGED',
    names: '/main.sh changed while it was read',
  },
  {
    number: 31,
    title: 'a file that is exchanged for a symlink while it is read',
    spoil: () =>
      Promise.resolve(onOpen('main.sh', (path) => run('ln', ['-sf', '/etc/passwd', path]).then(() => undefined))),
    code: 'CONTEXT_CHANGED',
    names: '/main.sh changed while it was read',
  },
  {
    number: 31,
    title: 'a file that vanishes while it is read',
    spoil: () => Promise.resolve(onOpen('main.sh', (path) => run('rm', [path]).then(() => undefined))),
    code: 'CONTEXT_CHANGED',
    names: 'changed while it was read',
  },
  {
    number: 31,
    title: 'a folder that gets a file while it is read',
    spoil: (folder) => Promise.resolve(onOpen('main.sh', () => folder.write({ 'later.sh': '' }))),
    code: 'CONTEXT_CHANGED',
    names: 'changed while it was read',
  },
  {
    number: 33,
    title: 'an entry that is not there',
    spoil: async ({ path }) => run('mv', [join(path, 'main.sh'), join(path, 'maim.sh')]).then(() => nothing),
    code: 'ENTRY_MISSING',
    names: 'did you mean `maim.sh`?',
  },
  {
    number: 33,
    title: 'an entry that is a folder',
    spoil: async ({ path }) => {
      await run('rm', [join(path, 'main.sh')]);
      await mkdir(join(path, 'main.sh'));
      return nothing;
    },
    code: 'ENTRY_MISSING',
    names: '`main.sh`',
  },
];

/** Proved by a test of its own in the same file: it depends on who runs it. */
export const UNREADABLE_FILE_NUMBER = 30;
