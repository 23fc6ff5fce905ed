// Where the values of secrets come from, and that neither a value nor a path leaves through an error.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigSecrets } from '../../../src/config/config-secrets.ts';

const { signal } = new AbortController();
let folder = '';

beforeAll(async () => {
  const top = await mkdtemp(join(tmpdir(), 'gantry-secrets-'));
  folder = join(top, 'secrets');
  await mkdir(join(folder, 'A_FOLDER'), { recursive: true });
  await writeFile(join(top, 'outside'), 'outside-secret');
  await writeFile(join(folder, 'IN_FILE'), 'file-secret-value\n');
  await writeFile(join(folder, 'IN_BOTH'), 'file-secret-value');
  await writeFile(join(folder, 'SHORT'), 'short67\n');
  await writeFile(join(folder, 'TWO_LINES'), 'first line\nsecond line\n\n');
  await writeFile(join(folder, 'HUGE'), 'x'.repeat(65 * 1024));
});
afterAll(() => rm(join(folder, '..'), { recursive: true }));

const read = (...names: string[]): Promise<ReadonlyMap<string, string>> =>
  new ConfigSecrets(folder, { GANTRY_SECRET_IN_BOTH: 'environment-value', GANTRY_SECRET_EMPTY: '' }).read(names, {
    signal,
  });

describe('ConfigSecrets', () => {
  it('takes the environment before the file, and of a file all but the last line break', async () => {
    expect(Object.fromEntries(await read('IN_BOTH', 'IN_FILE', 'TWO_LINES'))).toEqual({
      IN_BOTH: 'environment-value',
      IN_FILE: 'file-secret-value',
      TWO_LINES: 'first line\nsecond line\n',
    });
  });

  it('gives all or nothing, and names every one that is missing', async () => {
    await expect(read('IN_FILE', 'ABSENT', 'ALSO_ABSENT')).rejects.toMatchObject({
      code: 'SECRET_MISSING',
      message: expect.stringContaining('ABSENT, ALSO_ABSENT') as string,
    });
  });

  it.each([['SHORT'], ['EMPTY']])('refuses %s, too short to be redacted, without telling it', async (name) => {
    await expect(read(name)).rejects.toMatchObject({
      code: 'SECRET_INVALID',
      message: expect.not.stringContaining('short67') as string,
    });
  });

  it.each([
    ['../outside'],
    ['..'],
    ['.'],
    [''],
    ['IN_FILE\u0000'],
    ['/etc/hostname'],
    ['A_FOLDER/../IN_FILE'],
    ['A_FOLDER'],
    ['HUGE'],
  ])('has no value for %j', async (name) => {
    await expect(read(name)).rejects.toMatchObject({ code: 'SECRET_MISSING' });
  });

  it('stops with its signal', async () => {
    const secrets = new ConfigSecrets(folder, {});
    await expect(secrets.read(['IN_FILE'], { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow(
      'stopped',
    );
  });
});
