// Bad builds and images on the real engine (bad inputs 34–37): each is refused by its code, with all that is wrong in the message.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_BASES } from '../../../src/plugins/image/recipes.ts';
import { openTestEngine, type TestEngine } from '../../support/engine/test-engine.ts';
import { BAD_BUILDS } from '../../support/plugins/bad-builds.ts';
import { manifestText } from '../../support/plugins/make-version.ts';
import { openPlugins } from '../../support/plugins/open-plugins.ts';
import { runVersion } from '../../support/plugins/run-version.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

// A slow machine takes its time for every step of a build.
describe('bad builds', { timeout: 600_000 }, () => {
  it.each(BAD_BUILDS)(
    '$number: refuses $title with $code',
    async ({ files, code, names, buildTimeoutMs, shellBase }) => {
      await using folder = await TemporaryFolder.make();
      await folder.write(Object.fromEntries(Object.entries(files).map(([path, text]) => [`bad/${path}`, text])));
      await using opened = openPlugins(folder.path, engine.engine, engine.instanceId, {
        scanIntervalMs: 3_600_000,
        ...(buildTimeoutMs === undefined ? {} : { buildTimeoutMs }),
        bases: { ...DEFAULT_BASES, shell: shellBase ?? DEFAULT_BASES.shell },
      });
      opened.plugins.start();
      await opened.plugins.settled(AbortSignal.timeout(590_000));
      const [status] = opened.plugins.statuses();
      const problems = status?.state === 'failed' ? status.problems : [];
      expect(problems.map((problem) => problem.code)).toEqual([code]);
      for (const name of names) expect(problems[0]?.message).toContain(name);
    },
  );

  it.each([
    ['is not there', '/plugin/absent'],
    ['is not executable', './main.sh'],
  ])('37: says START_FAILED when the command %s', async (_title, command) => {
    await using folder = await TemporaryFolder.make();
    await folder.write({
      'bad/plugin.yaml': manifestText(`command: [${command}]`, 'bad').replace('entry: main.sh\n', ''),
      'bad/main.sh': 'echo {}\n',
    });
    await using opened = openPlugins(folder.path, engine.engine, engine.instanceId, { scanIntervalMs: 3_600_000 });
    opened.plugins.start();
    await opened.plugins.settled(AbortSignal.timeout(590_000));
    const [status] = opened.plugins.statuses();
    if (status?.state !== 'ready') throw new Error(JSON.stringify(status));
    const running = runVersion(engine.engine, status.version, `${engine.instanceId}-${String(command.length)}`, '');
    await expect(running).rejects.toMatchObject({ code: 'START_FAILED' });
  });
});
