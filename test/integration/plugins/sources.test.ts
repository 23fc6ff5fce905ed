// Where images come from, and what is asked before one is made. Real files, an engine in memory.
import { describe, expect, it } from 'vitest';
import { until } from '../../support/engine/until.ts';
import { manifestText } from '../../support/plugins/make-version.ts';
import { openInMemory, plugin, soon } from '../../support/plugins/open-in-memory.ts';
import { shortStatuses } from '../../support/plugins/open-plugins.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

describe('sources of images', () => {
  it('refuses what the host or the policy does not have, and images that are not there', async () => {
    const image = `image: example.com/x@sha256:${'a'.repeat(64)}`;
    await using at = await openInMemory(
      {
        ...plugin('big'),
        'big/plugin.yaml': manifestText('limits: {cpus: 60}', 'big'),
        'absent/plugin.yaml': manifestText(image, 'absent').replace('runtime: shell\nentry: main.sh\n', ''),
        'own/plugin.yaml': manifestText('dockerfile: Dockerfile', 'own').replace(
          'runtime: shell\nentry: main.sh\n',
          '',
        ),
        'own/Dockerfile': 'FROM scratch\n',
      },
      { policy: { allowDockerfile: false, allowNetwork: true } },
    );
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(shortStatuses(at.plugins.statuses())).toEqual([
      'absent failed IMAGE_MISSING',
      'big failed LIMIT_INVALID',
      'own failed DOCKERFILE_NOT_ALLOWED',
    ]);
  });

  it('uses a ready image that is there and starts its own command', async () => {
    const image = `example.com/x@sha256:${'a'.repeat(64)}`;
    await using at = await openInMemory({
      'ready/plugin.yaml': manifestText(`image: ${image}`, 'ready').replace('runtime: shell\nentry: main.sh\n', ''),
    });
    at.engine.images.add(image, { config: { User: '1000', Cmd: ['/x'], Env: ['PATH=/bin'], WorkingDir: '/srv' } });
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(at.plugins.snapshot().pluginsFor('default', 'fetch')).toMatchObject([
      { command: ['/x'], env: ['PATH=/bin'], workingDir: '/srv', imageTag: image },
    ]);
    expect(at.engine.calls.count('pullImage')).toBe(0);
  });

  it('pulls a ready image that is not there, and looks at it like at any other', async () => {
    const image = `example.com/x@sha256:${'a'.repeat(64)}`;
    await using at = await openInMemory({
      'ready/plugin.yaml': manifestText(`image: ${image}`, 'ready').replace('runtime: shell\nentry: main.sh\n', ''),
    });
    at.engine.images.pullable.add(image);
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(at.engine.calls.count('pullImage')).toBe(1);
    // What the engine in memory pulls runs as root.
    expect(shortStatuses(at.plugins.statuses())).toEqual(['ready failed IMAGE_UNSAFE']);
  });

  it('takes changed settings without building', async () => {
    await using settings = await TemporaryFolder.make();
    const schema = 'config: {schema: {type: object, properties: {n: {type: integer, default: 1}}}}';
    await using at = await openInMemory(
      { ...plugin('one'), 'one/plugin.yaml': manifestText(schema, 'one') },
      { settingsFolder: settings.path },
    );
    at.plugins.start();
    await at.plugins.settled(soon());
    const config = (): string => JSON.stringify(at.plugins.snapshot().pluginsFor('default', 'fetch')[0]?.config);
    expect(config()).toBe('{"n":1}');
    await settings.write({ 'one.yaml': 'n: 7\n' });
    await until('the settings are there', () => config() === '{"n":7}');
    expect(at.engine.calls.count('buildImage')).toBe(1);
  });
});
