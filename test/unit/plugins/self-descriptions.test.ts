// What plugin versions say of themselves, kept in the store: by whom it is seen, what is taken out, and what a restart finds.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import type { SelfDescription } from '../../../src/core/self-description.ts';
import { SelfDescriptions } from '../../../src/plugins/self-descriptions.ts';
import { openInMemory, plugin, soon, type OpenedInMemory } from '../../support/plugins/open-in-memory.ts';
import { openPlugins } from '../../support/plugins/open-plugins.ts';
import type { MemoryStore } from '../../support/store/memory-store.ts';

const SAID: SelfDescription = {
  metadata: { made: 'by hand' },
  configUi: { schema: { type: 'object' }, hints: { limit: 'slider' } },
  problems: [],
};

let at: OpenedInMemory;
let store: MemoryStore;
let warned: string[];
let version: PluginVersion;
beforeEach(async () => {
  at = await openInMemory(plugin('one'));
  ({ store } = at.opened);
  warned = [];
  at.plugins.start();
  await at.plugins.settled(soon());
  const [serving] = at.plugins.snapshot().pluginsFor('default', 'fetch');
  if (serving === undefined) throw new Error('no plugin serves');
  version = { ...serving, plugin: { ...serving.plugin, secrets: ['ABSENT', 'API_TOKEN'] } };
});
afterEach(async () => {
  await at[Symbol.asyncDispose]();
});

function descriptions(): SelfDescriptions {
  return new SelfDescriptions({
    store,
    secrets: {
      read: ([name = '']) =>
        name === 'API_TOKEN'
          ? Promise.resolve(new Map([[name, 'hush-hush-hush']]))
          : Promise.reject(new GantryError('SECRET_MISSING', `no ${name}`)),
    },
    clock: new SystemClock(),
    logger: { log: (_level, message) => void warned.push(message) },
    callTimeoutMs: 60_000,
  });
}

async function keep(...words: readonly SelfDescription[]): Promise<readonly SelfDescription[]> {
  const kept: SelfDescription[] = [];
  const keeper = descriptions();
  for (const said of words) keeper.keep(version, said, (one) => kept.push(one));
  await keeper[Symbol.asyncDispose]();
  return kept;
}

describe('what a plugin version says of itself', () => {
  it('is there again after a restart, before any sandbox runs, until the version is another one', async () => {
    expect(await keep(SAID)).toEqual([SAID]);
    await at.plugins.stop();
    const again = openPlugins(at.folder.path, at.engine, 'here', { store, descriptions: descriptions() });
    again.plugins.start();
    await again.plugins.settled(soon());
    expect(again.plugins.statuses()).toMatchObject([{ state: 'ready', said: SAID }]);
    await at.folder.write(plugin('one', 'echo {"n":2}', '1.1.0'));
    await again.plugins.reload(soon());
    expect(again.plugins.statuses()).toMatchObject([{ version: { plugin: { version: '1.1.0' } }, said: null }]);
    await again.plugins.stop();
    const [newer, older] = await store.listPluginVersions('one', { signal: soon() });
    expect([newer?.said, older?.said]).toEqual([null, SAID]);
  });

  it('holds no secret of the plugin, in no place, though another secret has no value yet', async () => {
    const hushed = 'the token is hush-hush-hush';
    const [kept] = await keep({
      metadata: { [hushed]: [{ deep: hushed }] },
      configUi: { schema: { default: hushed }, hints: { hint: hushed } },
      problems: [`get_metadata: ${hushed}`, ...Array.from({ length: 9 }, () => 'x'.repeat(9_000))],
    });
    expect(JSON.stringify(kept)).not.toContain('hush-hush');
    expect(kept?.metadata).toEqual({ 'the token is [redacted]': [{ deep: 'the token is [redacted]' }] });
    expect(kept?.problems.map((line) => line.length)).toEqual([37, 500, 500, 500]);
    const [record] = await store.listPluginVersions('one', { signal: soon() });
    expect(record?.said).toEqual(kept);
  });

  it('stands as it came before where it does not come, with the reason', async () => {
    const late = { metadata: null, configUi: null, problems: ['get_metadata: late'] };
    const other = { ...SAID, metadata: { made: 'anew' } };
    expect(await keep(SAID, late, other)).toEqual([SAID, { ...SAID, problems: late.problems }, other]);
    expect(await keep({ ...SAID, metadata: null })).toEqual([{ ...SAID, metadata: null }]);
  });

  it('is shown although the store does not take it, and the log says so', async () => {
    store.failNext('updatePluginVersion', new GantryError('STORE_UNAVAILABLE', 'gone'));
    expect(await keep(SAID)).toEqual([SAID]);
    store.failNext('listPluginVersions', new GantryError('STORE_UNAVAILABLE', 'gone'));
    expect(await descriptions().recall(version, null)).toBeNull();
    expect(warned).toEqual([
      'what a plugin says of itself cannot be stored',
      'what a plugin said of itself cannot be read',
    ]);
  });
});
