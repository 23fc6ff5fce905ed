// Image retention on the real engine: of three versions exactly the unused one goes, and an image of another owner is not touched.
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import { StatfsDiskSpace } from '../../../src/adapters/system/statfs-disk-space.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { ImageSweeper } from '../../../src/plugins/retention/image-sweeper.ts';
import { PluginClaims } from '../../../src/plugins/retention/plugin-claims.ts';
import { VersionUse } from '../../../src/plugins/retention/version-use.ts';
import { openTestEngine, SHELL_IMAGE, soon, type TestEngine } from '../../support/engine/test-engine.ts';
import { manifestText } from '../../support/plugins/make-version.ts';
import { openPlugins, type OpenPlugins } from '../../support/plugins/open-plugins.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

const SCRIPT = ". /opt/gantry/gantry.sh\nhandle() { jq -c '.context.data' | result; }\nrun handle\n";

async function buildVersion(folder: TemporaryFolder, opened: OpenPlugins, version: string): Promise<PluginVersion> {
  await folder.write({ 'sample/plugin.yaml': manifestText('', 'sample', version), 'sample/main.sh': SCRIPT });
  const [status] = await opened.plugins.reload(soon().signal);
  if (status?.state !== 'ready' || status.version.plugin.version !== version) throw new Error(JSON.stringify(status));
  return status.version;
}

function sweeperOf({ engine, instanceId }: TestEngine, opened: OpenPlugins, claims: PluginClaims): ImageSweeper {
  const serving = (): readonly PluginVersion[] =>
    opened.plugins.statuses().flatMap((status) => (status.state === 'ready' ? [status.version] : []));
  return new ImageSweeper({
    ...{ engine, instanceId, store: opened.store, clock: new SystemClock(), claims, serving },
    events: { emit: () => undefined },
    logger: { log: () => undefined },
    disk: new StatfsDiskSpace(),
    use: new VersionUse(),
    plugins: () => new Set(serving().map(({ plugin }) => plugin.name)),
    rules: { keepVersions: 1, keepForMs: 0, freshMs: 0 },
    diskFreeMin: 0,
    callTimeoutMs: 120_000,
  });
}

it('removes exactly the version that nobody uses, leaves foreign images, and a folder that goes back is built again', async () => {
  await using engine = await openTestEngine();
  await using foreign = await openTestEngine();
  await using folder = await TemporaryFolder.make();
  const claims = new PluginClaims();
  await using opened = openPlugins(folder.path, engine.engine, engine.instanceId, { scanIntervalMs: 200, claims });
  opened.plugins.start();
  const unused = await buildVersion(folder, opened, '1.0.0');
  const used = await buildVersion(folder, opened, '2.0.0');
  const serving = await buildVersion(folder, opened, '3.0.0');
  const tag = `gantry-test/foreign:${randomBytes(6).toString('hex')}`;
  const labels = {
    'io.gantry.plugin': 'sample',
    'io.gantry.version': '1.0.0',
    'io.gantry.content': unused.contentHash,
  };
  const theirs = await foreign.engine.buildImage(
    {
      ...{ tag, labels, entries: [], isNetworked: false, memoryBytes: 256 * 1024 * 1024, buildArgs: {} },
      dockerfile: `FROM ${SHELL_IMAGE}\n`,
      onLine: () => undefined,
    },
    soon(),
  );
  const spec = {
    body: { Image: used.imageId, Entrypoint: ['true'], HostConfig: { PidsLimit: 8, NetworkMode: 'none' } },
  };
  await engine.engine.createContainer(`gantry-test-${randomBytes(6).toString('hex')}`, spec, soon());
  const sweeper = sweeperOf(engine, opened, claims);

  const would = await sweeper.sweep({ isDryRun: true }, soon().signal);
  expect(would.removed.map(({ version }) => version)).toContain(unused.id);
  expect(await engine.engine.inspectImage(unused.imageId, soon())).not.toBeNull();

  const report = await sweeper.sweep({ isDryRun: false }, soon().signal);
  expect(report.removed).toMatchObject([{ version: unused.id, reason: 'old', tags: [unused.imageTag] }]);
  // The base image's layers are no part of what is gained.
  expect(report.freedBytes ?? 0).toBeLessThan(1_000_000);
  const kept = new Map(report.kept.map(({ version, reason }) => [version, reason]));
  expect(kept).toEqual(
    new Map([
      [serving.id, 'serving'],
      [used.id, 'in_use'],
    ]),
  );
  const standing = (await engine.engine.listImages({ 'io.gantry.instance': engine.instanceId }, soon())).map(
    ({ id }) => id,
  );
  expect(new Set(standing)).toEqual(new Set([used.imageId, serving.imageId]));
  expect(await engine.engine.inspectImage(theirs.imageId, soon())).toMatchObject({ tags: [tag] });
  expect(await engine.engine.inspectImage(SHELL_IMAGE, soon())).not.toBeNull();

  const records = await opened.store.listPluginVersions('sample', soon());
  const hasImage = new Map(records.map(({ id, imageRemovedAtMs }) => [id, imageRemovedAtMs === null]));
  expect(hasImage.get(unused.id)).toBe(false);
  expect([hasImage.get(used.id), hasImage.get(serving.id)]).toEqual([true, true]);

  const again = await buildVersion(folder, opened, '1.0.0');
  expect(again.id).toBe(unused.id);
  expect(await engine.engine.inspectImage(again.imageId, soon())).not.toBeNull();
});
