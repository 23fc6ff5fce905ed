// Artifacts as files of this machine, and as payloads of their run: what both promise, and what files promise beyond it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ArtifactFiles } from '../../../src/adapters/system/artifact-files.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { ArtifactContent } from '../../../src/core/ports/artifact-content.ts';
import { StoredArtifacts } from '../../../src/pipeline/services/stored-artifacts.ts';
import { newRunId, patient } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';
import { artifactContract, keep, removeAll } from './artifact-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-artifacts-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const files = new ArtifactFiles(join(folder, 'contract'));
artifactContract('files', () => files);
const store = new MemoryStore();
artifactContract('payloads', () => new StoredArtifacts(store, new SystemIds()));

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
    await removeAll(content, one);
    await removeAll(content, one);
    expect(await content.read({ runId: one, content: place }, 0, 100, patient())).toBeNull();
    expect(await content.read({ runId: other, content: place }, 0, 100, patient())).toHaveLength(100);
    await removeAll(content, other);
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
