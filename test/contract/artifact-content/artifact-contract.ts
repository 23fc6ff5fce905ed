// Where bytes of artifacts are kept, and what all such places promise.
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import type { ArtifactContent } from '../../../src/core/ports/artifact-content.ts';
import { newRunId, patient } from '../../support/store/build-records.ts';

const ROUNDS = 3;

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function keep(content: ArtifactContent, runId: RunId, ...pieces: readonly Uint8Array[]): Promise<string> {
  const upload = await content.begin(runId);
  for (const piece of pieces) await upload.write(piece, patient());
  return await upload.finish(sha256(Buffer.concat(pieces)), patient());
}

/** Everything that a run has goes. */
export async function removeAll(content: ArtifactContent, runId: RunId): Promise<void> {
  while (!(await content.removeOfRun(runId, patient())));
}

/** All bytes, in steps that fit no border. */
export async function readAll(content: ArtifactContent, runId: RunId, place: string, step: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at <= 2_000_000;) {
    const bytes = await content.read({ runId, content: place }, at, step, patient());
    if (bytes === null || bytes.length === 0) return Buffer.concat(parts);
    parts.push(bytes);
    at += bytes.length;
  }
  throw new Error('there is no end of it');
}

/** @param makeRival the same place seen from elsewhere, as from another process */
export function artifactContract(name: string, make: () => ArtifactContent, makeRival = make): void {
  describe(`artifacts as ${name}`, () => {
    const [content, rival] = [make(), makeRival()];

    it.each([0, 1, 196_608, 196_609, 393_216, 1_000_000])('give back %i bytes, wherever they are cut', async (size) => {
      const [runId, bytes] = [newRunId(), randomBytes(size)];
      const place = await keep(
        content,
        runId,
        bytes.subarray(0, 7),
        bytes.subarray(7, 500_001),
        bytes.subarray(500_001),
      );
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
      await removeAll(content, one);
      expect(await content.read({ runId: other, content: place }, 399_999, 10, patient())).toHaveLength(1);
      expect(await content.share({ runId: newRunId(), content: place }, other, patient())).toBeNull();
      expect(await content.share({ runId: other, content: '../../x' }, one, patient())).toBeNull();
    });

    it('are whole for whoever gets them while the last other run that has them goes', async () => {
      const bytes = randomBytes(300_000);
      let [last, place] = [newRunId(), ''];
      await keep(content, last, bytes);
      for (let round = 0; round < ROUNDS; round += 1) {
        const next = newRunId();
        const [kept] = await Promise.all([keep(rival, next, bytes), removeAll(content, last)]);
        [last, place] = [next, kept];
      }
      expect((await readAll(content, last, place, 400_000)).equals(bytes)).toBe(true);
    });

    it('take the same bytes of a run again', async () => {
      const [runId, bytes] = [newRunId(), randomBytes(10)];
      await keep(content, runId, bytes);
      const place = await keep(content, runId, bytes);
      expect(Buffer.from((await content.read({ runId, content: place }, 0, 10, patient())) ?? [])).toEqual(bytes);
    });
  });
}
