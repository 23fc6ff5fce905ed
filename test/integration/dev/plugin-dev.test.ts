// `gantry plugin dev` as an author has it: one plugin in work, saved again and again, while the program watches.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerEngine } from '../../../src/adapters/docker/docker-engine.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { soon, testDockerHost } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';
import { makeInstance, ROOT, runGantry, type CliEnd } from '../../support/gantry/start-gantry.ts';
import { saveFile } from '../../support/plugins/save-file.ts';

let instance: Awaited<ReturnType<typeof makeInstance>>;

beforeAll(async () => {
  instance = await makeInstance();
});
afterAll(async () => {
  for (const data of ['data', 'data/kit/1']) {
    await using engine = await engineOf(data);
    if (engine === null) continue;
    for (const { tags } of await engine.listImages(await labelsOf(data), soon()))
      for (const tag of tags) await engine.removeImage(tag, soon());
  }
  await rm(instance.folder, { recursive: true });
});

/** Of the instance in a data folder; what is asked of it is about that instance alone. */
async function engineOf(data: string): Promise<DockerEngine | null> {
  const labels = await labelsOf(data).catch(() => null);
  if (labels === null) return null;
  return new DockerEngine({
    dockerHost: testDockerHost(),
    instanceId: labels['io.gantry.instance'] ?? '',
    clock: new SystemClock(),
    events: { emit: () => undefined },
    logger: { log: () => undefined },
  });
}

async function labelsOf(data: string): Promise<Record<string, string>> {
  const text = await readFile(join(instance.folder, data, 'instance.json'), 'utf8');
  return { 'io.gantry.instance': (JSON.parse(text) as { instanceId: string }).instanceId };
}

async function init(language: string, name: string): Promise<string> {
  const dir = join(instance.folder, 'plugins');
  const end = await runGantry(['plugin', 'init', language, name, '--dir', dir], instance.environment);
  expect(end).toMatchObject({ exitCode: 0 });
  return join(dir, name);
}

const devOnce = (...args: string[]): Promise<CliEnd> =>
  runGantry(['plugin', 'dev', ...args, '--once'], instance.environment);

class Dev implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  #printed = '';

  constructor(folder: string) {
    this.#child = spawn(process.execPath, [join(ROOT, 'src', 'main.ts'), 'plugin', 'dev', folder], {
      cwd: ROOT,
      env: instance.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#printed += text));
  }

  /** What was printed since the last answer, once it matches. */
  async answer(pattern: RegExp): Promise<string> {
    await until(`${String(pattern)} is printed`, () => {
      if (this.#child.exitCode !== null) throw new Error(this.#printed);
      return pattern.test(this.#printed);
    });
    const seen = this.#printed;
    this.#printed = '';
    return seen;
  }

  async end(): Promise<number | null> {
    this.#child.kill('SIGINT');
    await this.#closed;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

const GOOD = /^as expected, .*\n/m;

describe('gantry plugin dev', () => {
  it('calls the plugin again at each save, says what is wrong with it, and leaves nothing', async () => {
    const folder = await init('shell', 'in_work');
    const main = await readFile(join(folder, 'main.sh'), 'utf8');
    const manifest = await readFile(join(folder, 'plugin.yaml'), 'utf8');
    await using dev = new Dev(folder);
    const first = await dev.answer(GOOD);
    expect(first).toContain(`watching ${folder} (Ctrl-C ends)`);
    expect(first).toContain('{"in_work":"Hello, Ada!"}');
    expect(first).toMatch(/info +greeting/);

    await saveFile(join(folder, 'main.sh'), main.replace('Hello', 'Hi'));
    const changed = await dev.answer(/^not as expected, .* after the save\n/m);
    expect(changed).toContain('saved main.sh\n');
    expect(changed).toContain('expected "Hello, Ada!", got "Hi, Ada!"');

    await saveFile(join(folder, 'plugin.yaml'), manifest.replace('hooks:', 'hoks:'));
    const refused = await dev.answer(/^refused, /m);
    expect(refused).toMatch(
      /plugin\.yaml:\d+:1: `hoks` does not exist; did you mean `hooks`\? \(MANIFEST_UNKNOWN_FIELD\)/,
    );

    // An editor's way to save: another file takes the name.
    await writeFile(join(folder, 'plugin.yaml~'), manifest);
    await rename(join(folder, 'plugin.yaml~'), join(folder, 'plugin.yaml'));
    await dev.answer(/^not as expected, /m);

    // The fixture is saved: nothing is built, and it is called again.
    await saveFile(
      join(folder, 'fixtures/ada.json'),
      '{"params": {"name": "Eve"}, "expect": {"data": {"in_work": "Hi, Eve!"}}}',
    );
    expect(await dev.answer(GOOD)).toContain('unchanged');

    // What hangs is left for what is saved next.
    await saveFile(join(folder, 'main.sh'), main.replace('Hello', 'Hi').replace('jq -c', 'sleep 1000000; jq -c'));
    await dev.answer(/^saved main\.sh\n/m);
    await saveFile(join(folder, 'main.sh'), main.replace('Hello', 'Hi'));
    await dev.answer(GOOD);

    expect(await dev.end()).toBe(0);
    await using kit = await engineOf('data/kit/1');
    expect(await kit?.listContainers({}, soon())).toEqual([]);
    await using images = await engineOf('data');
    expect(
      await images?.listImages({ ...(await labelsOf('data')), 'io.gantry.plugin': 'in_work' }, soon()),
    ).toHaveLength(1);
  });

  it('shows the failing line of a build, and takes the compiled SDK from the build before', async () => {
    const folder = await init('go', 'compiled');
    const main = await readFile(join(folder, 'main.go'), 'utf8');
    await saveFile(join(folder, 'main.go'), main.replace('gantry.Run(handle)', 'gantry.Run(handel)'));
    await using dev = new Dev(folder);
    const refused = await dev.answer(/^refused, /m);
    expect(refused).toMatch(/^ +\.\/main\.go:12:\d+: undefined: handel$/m);
    expect(refused).toContain('(BUILD_FAILED)');
    await saveFile(join(folder, 'main.go'), main);
    expect(await dev.answer(GOOD)).toContain('{"compiled":"Hello, Ada!"}');
    expect(await dev.end()).toBe(0);
  });
});

describe('gantry plugin dev --once', () => {
  it('ends with what came of it, and with --json tells it in one document', async () => {
    const folder = await init('shell', 'once');
    const end = await devOnce(folder, '--json');
    expect(end.exitCode).toBe(0);
    expect(JSON.parse(end.stdout)).toMatchObject({
      kind: 'called',
      isBuilt: true,
      invocations: [{ fixture: 'ada', isExpected: true, outcome: { code: 'ok' }, result: { once: 'Hello, Ada!' } }],
    });
    await mkdir(join(folder, 'other'));
    await writeFile(join(folder, 'other/eve.json'), '{"params": {"name": "Eve"}, "expect": {"status": "error"}}');
    const other = await devOnce(folder, '--input', join(folder, 'other/eve.json'));
    expect(other.exitCode).toBe(1);
    expect(other.stdout).toContain('{"once":"Hello, Eve!"}');
    const named = await devOnce(folder, '--input', 'adda');
    expect(named.exitCode).toBe(3);
    expect(named.stdout).toContain('the plugin has no fixture adda; did you mean ada?');
  });

  it('refuses --json without --once, and a folder that is none', async () => {
    const environment = instance.environment;
    expect(await runGantry(['plugin', 'dev', 'plugins/sample_plugin', '--json'], environment)).toMatchObject({
      exitCode: 2,
    });
    const absent = await devOnce('plugins/sampel_plugin');
    expect(absent).toMatchObject({ exitCode: 4 });
    expect(absent.stderr).toContain('did you mean plugins/sample_plugin?');
  });
});
