// Real images on the real engine: each runtime is built from its recipe, runs as an unprivileged user, and is not built again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestEngine, type TestEngine } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';
import { manifestText } from '../../support/plugins/make-version.ts';
import { openPlugins, shortStatuses, type OpenPlugins } from '../../support/plugins/open-plugins.ts';
import { requestDocument, runVersion } from '../../support/plugins/run-version.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

const GO_PLUGIN = `package main

import (
	"encoding/json"
	"gantry"
)

func main() { gantry.Run(handle) }

func handle(request gantry.Request) (any, error) {
	var data struct{ N int }
	if err := json.Unmarshal(request.Context.Data, &data); err != nil {
		return nil, err
	}
	return map[string]int{"n": 2 * data.N}, nil
}
`;

const manifest = (name: string, runtime: string, entry: string): string =>
  manifestText('limits: {timeout: 60s}', name)
    .replace('runtime: shell', `runtime: ${runtime}`)
    .replace('main.sh', entry);

let engine: TestEngine;
let folder: TemporaryFolder;
let opened: OpenPlugins;

beforeAll(async () => {
  engine = await openTestEngine();
  folder = await TemporaryFolder.make();
  await folder.write({
    'in_python/plugin.yaml': manifest('in_python', 'python', 'plugin.py'),
    'in_node/plugin.yaml': manifest('in_node', 'node', 'plugin.mjs'),
    'in_shell/plugin.yaml': manifest('in_shell', 'shell', 'plugin.sh'),
    'in_go/plugin.yaml': manifest('in_go', 'go', 'plugin.go'),
    'in_python/plugin.py':
      'from gantry import run\nimport part\nrun(lambda request: {"n": part.twice(request.context["data"]["n"])})\n',
    'in_python/part.py': 'def twice(n):\n    return 2 * n\n',
    'in_node/plugin.mjs': "import { run } from 'gantry';\nrun((request) => ({ n: 2 * request.context.data.n }));\n",
    'in_shell/plugin.sh':
      ". /opt/gantry/gantry.sh\nhandle() { jq -c '{n: (.context.data.n * 2)}' | result; }\nrun handle\n",
    'in_go/go.mod': 'module example/fixture\n\ngo 1.21\n',
    'in_go/plugin.go': GO_PLUGIN,
    'filter/plugin.yaml': manifestText('protocol: text', 'filter').replace('entry: main.sh', 'command: [jq, -c, .n]'),
    'own_image/plugin.yaml': manifestText('dockerfile: Dockerfile', 'own_image').replace(
      'runtime: shell\nentry: main.sh\n',
      '',
    ),
    'own_image/Dockerfile':
      'FROM gantry/base-shell:1\nCOPY answer.json /answer.json\nUSER 1000\nENTRYPOINT ["cat", "/answer.json"]\n',
    'own_image/answer.json': '{"n":1}',
  });
  opened = openPlugins(folder.path, engine.engine, engine.instanceId, { scanIntervalMs: 200 });
  opened.plugins.start();
  await opened.plugins.settled(AbortSignal.timeout(1_100_000));
  // A Go toolchain compiles its whole library on first use: minutes on a slow machine.
}, 1_200_000);

afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function versionOf(name: string) {
  const status = opened.plugins.statuses().find((one) => one.name === name);
  if (status?.state !== 'ready')
    throw new Error(`${name}: ${JSON.stringify(status)} ${opened.plugins.buildLog(name).join('\n')}`);
  return status.version;
}

describe('builds', { timeout: 600_000 }, () => {
  it('make every plugin of the folder ready', () => {
    expect(shortStatuses(opened.plugins.statuses())).toEqual(
      ['filter', 'in_go', 'in_node', 'in_python', 'in_shell', 'own_image'].map((name) => `${name} ready`),
    );
  });

  it.each(['in_python', 'in_node', 'in_shell', 'in_go'])('%s answers with the SDK of its language', async (name) => {
    const version = versionOf(name);
    const run = await runVersion(engine.engine, version, `${engine.instanceId}-${name}`, requestDocument({ n: 21 }));
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(run.stdout)).toMatchObject({ data: { n: 42 } });
  });

  it('a filter without a line of glue runs as its command says', async () => {
    const run = await runVersion(engine.engine, versionOf('filter'), `${engine.instanceId}-filter`, '{"n":[1,2]}');
    expect(run).toMatchObject({ exitCode: 0, stdout: '[1,2]\n' });
  });

  it('an own Dockerfile keeps its own command', async () => {
    const version = versionOf('own_image');
    expect(version.command).toEqual(['cat', '/answer.json']);
    const run = await runVersion(engine.engine, version, `${engine.instanceId}-own`, '');
    expect(run).toMatchObject({ exitCode: 0, stdout: '{"n":1}' });
  });

  it('leave an image with its labels and an unprivileged user', async () => {
    const version = versionOf('in_shell');
    const facts = await engine.engine.inspectImage(version.imageTag, { signal: AbortSignal.timeout(150_000) });
    expect(facts?.labels).toMatchObject({
      'io.gantry.instance': engine.instanceId,
      'io.gantry.plugin': 'in_shell',
      'io.gantry.content': version.contentHash,
    });
    expect(facts?.config['User']).toBe('65534:65534');
    expect(version.workingDir).toBe('/plugin');
  });

  it('are not repeated for what did not change, and are for what did', async () => {
    const before = versionOf('own_image');
    const builds = opened.of('buildFinished').length;
    await opened.plugins.build('own_image', AbortSignal.timeout(150_000));
    expect(versionOf('own_image')).toEqual(before);
    expect(opened.of('buildFinished')).toHaveLength(builds);
    await folder.write({ 'own_image/answer.json': '{"n":2}' });
    await until('the new image serves', () => {
      const status = opened.plugins.statuses().find((one) => one.name === 'own_image');
      return status?.state === 'ready' && status.version.imageId !== before.imageId;
    });
    const run = await runVersion(engine.engine, versionOf('own_image'), `${engine.instanceId}-own2`, '');
    expect(run.stdout).toBe('{"n":2}');
  });
});
