// Artifacts of hooks that are not run again: the new run has them, keeps them when the old one goes, and says so when they are gone.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { ARTIFACTS_PAYLOAD, readArtifacts, type Artifact } from '../../../src/core/artifact.ts';
import type { RunId } from '../../../src/core/ids.ts';
import { createHostServices } from '../../../src/pipeline/services/create-host-services.ts';
import { StoredArtifacts } from '../../../src/pipeline/services/stored-artifacts.ts';
import { openChain } from '../../support/pipeline/broken-chain.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { patient } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';
import { CollectingLogger } from '../../support/web/collecting-logger.ts';

const [store, clock, ids] = [new MemoryStore(), new FakeClock(), new SystemIds()];
const content = new StoredArtifacts(store, ids);
const parts = { store, clock, ids, content, logger: new CollectingLogger(), storeTimeoutMs: 1_000 };
const services = createHostServices({
  ...parts,
  events: { emit: () => undefined },
  limits: { sizeBytes: 100, runBytes: 1_000 },
});

/** As the plugin of a hook would leave it. */
async function leave(runId: RunId, hook: string): Promise<Artifact> {
  const bytes = Buffer.from(`of ${hook}`);
  const upload = await content.begin(runId);
  await upload.write(bytes, patient());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const place = { id: ids.newId('art'), runId, hook, plugin: `${hook}er`, name: `${hook}.txt` };
  const kind = { contentType: 'text/plain', sizeBytes: bytes.length, sha256, createdAtMs: 1 };
  return { ...place, ...kind, content: await upload.finish(sha256, patient()) };
}

async function artifactsOf(runId: RunId): Promise<readonly Artifact[]> {
  return readArtifacts(await store.findPayload(runId, ARTIFACTS_PAYLOAD, patient()));
}

test('come along with the hooks that left them, and only with those', async () => {
  const chain = await openChain({ store, clock, services });
  const { world } = chain;
  chain.isBroken = false;
  const { id: runId } = await chain.finish();
  const left = [await leave(runId, 'one'), await leave(runId, 'two')];
  await store.putPayload(runId, ARTIFACTS_PAYLOAD, JSON.stringify(left), patient());
  const { run } = await world.runs.replayRun({ runId, from: 'two' });
  expect(await world.settle(run.id)).toMatchObject({ state: 'succeeded', warnings: [] });
  for (let more = true; more;) more = (await store.retention.removeRun(runId, 100, patient())).state === 'partly';
  const [own, ...others] = await artifactsOf(run.id);
  expect([own, others]).toMatchObject([{ ...left[0], runId: run.id, content: expect.any(String) as string }, []]);
  const bytes = own === undefined ? null : await content.read(own, 0, 100, patient());
  expect(Buffer.from(bytes ?? []).toString()).toBe('of one');
  // A run that was made from it has them from it.
  const again = await world.settle((await world.runs.replayRun({ runId: run.id, from: 'three' })).run.id);
  expect(await artifactsOf(again.id)).toMatchObject([{ name: 'one.txt', runId: again.id }]);
  await world.close();
});

test('are a warning when their bytes are gone', async () => {
  const chain = await openChain({ store, clock, services });
  const { world } = chain;
  chain.isBroken = false;
  const { id: runId } = await chain.finish();
  const lost = { ...(await leave(runId, 'one')), content: 'nowhere' };
  await store.putPayload(runId, ARTIFACTS_PAYLOAD, JSON.stringify([lost]), patient());
  const { run } = await world.runs.replayRun({ runId, from: 'two' });
  const ended = await world.settle(run.id);
  expect(ended).toMatchObject({ state: 'succeeded', warnings: [{ code: 'ARTIFACTS_GONE' }] });
  expect(ended.warnings[0]?.message).toContain('one.txt');
  expect(await artifactsOf(run.id)).toEqual([]);
  await world.close();
});
