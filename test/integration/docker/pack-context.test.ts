// What is sent to the builder: the same bytes for the same content, and nothing but the listed files.
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { packContext } from '../../../src/adapters/docker/pack-context.ts';
import type { ContextEntry } from '../../../src/core/ports/container-engine.ts';

const file = (path: string, text: string, mode = 0o644): ContextEntry => ({ path, mode, bytes: Buffer.from(text) });

/** Name, mode, owner and time of every entry, read from the tar's own headers. */
function headersOf(tar: Buffer): string[] {
  const headers: string[] = [];
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const field = (from: number, length: number): string =>
      tar.toString('latin1', at + from, at + from + length).replace(/[\0 ]+$/, '');
    const size = Number.parseInt(field(124, 12), 8);
    const [mode, uid, gid, mtime] = [field(100, 8), field(108, 8), field(116, 8), field(136, 12)].map((text) =>
      Number.parseInt(text, 8),
    );
    headers.push(`${field(0, 100)} ${(mode ?? 0).toString(8)} ${String(uid)}:${String(gid)} ${String(mtime)}`);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return headers;
}

describe('packContext', () => {
  test('gives the same bytes for the same content in any order', async () => {
    const entries = [file('b.txt', 'two'), file('lib/a.sh', '#!', 0o755), file('lib/empty', '')];
    const [first, second] = await Promise.all([
      packContext('FROM x', entries),
      packContext('FROM x', entries.toReversed()),
    ]);
    expect(first.equals(second)).toBe(true);
    expect(first.equals(await packContext('FROM y', entries))).toBe(false);
  });

  test('packs exactly the listed files with fixed owner and time, and the bits of their mode', async () => {
    const tar = await packContext('FROM x', [file('lib/run.sh', '#!', 0o4755), file('a', 'x', 0o600)]);
    const rest = '0:0 946684800';
    expect(headersOf(tar)).toEqual([
      `.dockerignore 644 ${rest}`,
      `.gantry.Dockerfile 644 ${rest}`,
      `a 600 ${rest}`,
      `lib 755 ${rest}`,
      `lib/run.sh 755 ${rest}`,
    ]);
  });

  test.each(['../outside', '/absolute', 'a/../../b', 'a//b', './a', '', '.gantry.Dockerfile'])(
    'refuses the path %j and leaves nothing staged',
    async (path) => {
      await expect(packContext('FROM x', [file(path, 'x')])).rejects.toMatchObject({ code: 'DEFECT' });
    },
  );

  test('leaves no staged folder behind', async () => {
    const staged = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter((name) => name.startsWith(`gantry-build-${String(process.pid)}-`));
    await packContext('FROM x', [file('a', 'x')]);
    expect(await staged()).toEqual([]);
  });
});
