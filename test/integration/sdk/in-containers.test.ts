// Every SDK in its own language inside a real hardened container, by images that the product builds: one container holds
// all golden conversations, which are those of the local process.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Conversation } from '../../protocol/sdk/conversation.ts';
import { replayAll } from '../../protocol/sdk/replay.ts';
import { SDK_LANGUAGES } from '../../protocol/sdk/sdk-language.ts';
import { openTestEngine, testDockerHost, type TestEngine } from '../../support/engine/test-engine.ts';
import { openPlugins, type OpenPlugins } from '../../support/plugins/open-plugins.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';
import { startInContainer } from '../../support/sdk/container-process.ts';
import { FIXTURE_LANGUAGES, fixtureFolder, type FixtureLanguage } from '../../support/sdk/fixture-folders.ts';

/** Compilers share the machine. */
const BUILD_MS = 1_200_000;
const TEST_MS = 600_000;
const exec = promisify(execFile);

async function hasBase(language: string): Promise<boolean> {
  return await exec('docker', ['-H', testDockerHost(), 'image', 'inspect', `gantry/base-${language}:1`]).then(
    () => true,
    () => false,
  );
}

const languages: FixtureLanguage[] = [];
for (const language of FIXTURE_LANGUAGES) if (await hasBase(language)) languages.push(language);

let engine: TestEngine;
let folder: TemporaryFolder;
let opened: OpenPlugins;
beforeAll(async () => {
  engine = await openTestEngine();
  folder = await TemporaryFolder.make();
  for (const language of languages) await folder.write(fixtureFolder(language));
  opened = openPlugins(folder.path, engine.engine, engine.instanceId, { scanIntervalMs: 200 });
  opened.plugins.start();
  await opened.plugins.settled(AbortSignal.timeout(BUILD_MS - 100_000));
}, BUILD_MS);
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function start(language: string): Promise<Conversation> {
  const status = opened.plugins.statuses().find(({ name }) => name === language);
  if (status?.state !== 'ready')
    throw new Error(`${JSON.stringify(status)} ${opened.plugins.buildLog(language).join('\n')}`);
  return new Conversation(await startInContainer(engine.engine, engine.instanceId, status.version));
}

test('there is one of the languages that come with the program, at least', () => {
  expect(languages).toEqual(expect.arrayContaining(['python', 'node', 'shell', 'go']));
});

describe.each(languages)('the %s SDK in a container', (language) => {
  const { isConcurrent = false } = SDK_LANGUAGES.find(({ name }) => name === language) ?? {};

  test(
    'holds the golden conversations, and is not led astray by the golden vectors',
    { timeout: TEST_MS },
    async () => {
      await using host = await start(language);
      const plugin = { name: 'fixture', version: '1.0.0' };
      await host.ask('initialize', { protocol: '1.0', plugin, config: {} });
      expect(await host.resultOf('leave_file', { folder: '/tmp' })).toMatchObject({ status: 'success', data: {} });
      expect(await host.resultOf('size', { text: 'x'.repeat(1e6) })).toMatchObject({ data: { length: 1e6 } });
      expect(await host.resultOf('big', { length: 1e6 })).toMatchObject({ data: { text: 'x'.repeat(1e6) } });
      await replayAll(host, isConcurrent);
      expect(host.stderr).toMatch(/loaded[\s\S]*a stray print[\s\S]*stopping/);
    },
  );
});
