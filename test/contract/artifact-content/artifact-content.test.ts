// Where bytes of artifacts are kept: as files of this machine, or as payloads of their run in any store. Both keep the same promises.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ArtifactFiles } from '../../../src/adapters/system/artifact-files.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { ArtifactContent } from '../../../src/core/ports/artifact-content.ts';
import { StoredArtifacts } from '../../../src/pipeline/services/stored-artifacts.ts';
import { newRunId, patient } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-artifacts-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function keep(content: ArtifactContent, runId: RunId, ...pieces: readonly Uint8Array[]): Promise<string> {
  const upload = await content.begin(runId);
  for (const piece of pieces) await upload.write(piece, patient());
  return await upload.finish(sha256(Buffer.concat(pieces)), patient());
}

/** All bytes, in steps that fit no border. */
async function readAll(content: ArtifactContent, runId: RunId, place: string, step: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at <= 2_000_000;) {
    const bytes = await content.read({ runId, content: place }, at, step, patient());
    if (bytes === null || bytes.length === 0) return Buffer.concat(parts);
    parts.push(bytes);
    at += bytes.length;
  }
  throw new Error('there is no end of it');
}

describe.each<[string, ArtifactContent]>([
  ['files', new ArtifactFiles(join(folder, 'contract'))],
  ['payloads', new StoredArtifacts(new MemoryStore(), new SystemIds())],
])('artifacts as %s', (_name, content) => {
  it.each([0, 1, 196_608, 196_609, 393_216, 1_000_000])('give back %i bytes, wherever they are cut', async (size) => {
    const [runId, bytes] = [newRunId(), randomBytes(size)];
    const place = await keep(content, runId, bytes.subarray(0, 7), bytes.subarray(7, 500_001), bytes.subarray(500_001));
    expect(await content.read({ runId, content: place }, size, 10, patient())).toHaveLength(0);
    for (const step of [65_537, 262_144, 2_000_000])
      expect((await readAll(content, runId, place, step)).equals(bytes)).toBe(true);
  });

  it('are not there before they are finished, nor after they were given up', async () => {
    const [runId, bytes] = [newRunId(), randomBytes(10)];
    const upload = await content.begin(runId);
    await upload.write(bytes, patient());
    expect(await content.read({ runId, content: sha256(bytes) }, 0, 10, patient())).toBeNull();
    await upload.abort();
    await upload.abort();
    expect(await content.read({ runId, content: sha256(bytes) }, 0, 10, patient())).toBeNull();
  });

  it('belong to their run: no other one finds them, whatever it asks for', async () => {
    const [one, other, bytes] = [newRunId(), newRunId(), randomBytes(10)];
    const place = await keep(content, one, bytes);
    expect(await content.read({ runId: other, content: place }, 0, 10, patient())).toBeNull();
    expect(await content.read({ runId: one, content: '../../etc/passwd' }, 0, 10, patient())).toBeNull();
  });

  it('can be shared with another run, which keeps them when the first one goes', async () => {
    const [one, other, bytes] = [newRunId(), newRunId(), randomBytes(400_000)];
    const place = await keep(content, one, bytes);
    await content.share({ runId: one, content: place }, other, patient());
    const shared = await content.share({ runId: one, content: place }, other, patient());
    expect((await readAll(content, other, shared ?? '', 300_000)).equals(bytes)).toBe(true);
    await content.removeOfRun(one);
    expect(await content.read({ runId: other, content: place }, 399_999, 10, patient())).toHaveLength(1);
    expect(await content.share({ runId: newRunId(), content: place }, other, patient())).toBeNull();
    expect(await content.share({ runId: other, content: '../../x' }, one, patient())).toBeNull();
  });

  it('take the same bytes of a run again', async () => {
    const [runId, bytes] = [newRunId(), randomBytes(10)];
    await keep(content, runId, bytes);
    const place = await keep(content, runId, bytes);
    expect(Buffer.from((await content.read({ runId, content: place }, 0, 10, patient())) ?? [])).toEqual(bytes);
  });
});

describe('files of artifacts', () => {
  it('are one for equal bytes, and stay until the last run that has them is gone', async () => {
    const root = join(folder, 'shared');
    const content: ArtifactContent = new ArtifactFiles(root);
    const bytes = randomBytes(100);
    const [one, other] = [newRunId(), newRunId()];
    const [place] = await Promise.all([keep(content, one, bytes), keep(content, other, bytes)]);
    const shared = join(root, place.slice(0, 2), place);
    expect(statSync(shared)).toMatchObject({ nlink: 3, size: 100 });
    expect(readdirSync(join(root, 'uploads'))).toEqual([]);
    await content.removeOfRun(one);
    await content.removeOfRun(one);
    expect(await content.read({ runId: one, content: place }, 0, 100, patient())).toBeNull();
    expect(await content.read({ runId: other, content: place }, 0, 100, patient())).toHaveLength(100);
    await content.removeOfRun(other);
    expect(readdirSync(join(root, place.slice(0, 2)))).toEqual([]);
    expect(readdirSync(join(root, 'runs'))).toEqual([]);
  });

  it('that an earlier process did not finish are removed by the next one that begins', async () => {
    const root = join(folder, 'left');
    await (await new ArtifactFiles(root).begin(newRunId())).write(randomBytes(10), patient());
    expect(readdirSync(join(root, 'uploads'))).toHaveLength(1);
    await keep(new ArtifactFiles(root), newRunId(), randomBytes(10));
    expect(readdirSync(join(root, 'uploads'))).toEqual([]);
  });

  it('can be read by their owner only', async () => {
    const root = join(folder, 'private');
    const runId = newRunId();
    const place = await keep(new ArtifactFiles(root), runId, randomBytes(10));
    const modes = [join(root, 'runs', runId, place), join(root, 'runs'), join(root, place.slice(0, 2))];
    expect(modes.map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual(['600', '700', '700']);
  });
});
