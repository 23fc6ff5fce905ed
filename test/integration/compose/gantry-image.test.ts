// The image as compose runs it: not root, read-only, without capabilities, with the engine's socket handed in and a MongoDB-speaking store.
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hardeningFlags, readCompose } from '../../support/compose/compose-file.ts';
import { buildGantryImage, docker } from '../../support/compose/gantry-image.ts';
import { hasFerretdb, startFerretdb, type TestDatabase } from '../../support/ferretdb/start-ferretdb.ts';
import { runToEnd, waitFor } from '../../support/gantry/api.ts';
import { ROOT } from '../../support/gantry/start-gantry.ts';

const START_MS = 240_000;
const name = `gantry-test-${randomUUID().slice(0, 8)}`;
const IMAGE = `gantry-test/gantry:${name}`;
const secrets = mkdtempSync(join(tmpdir(), 'gantry-compose-'));
const socket = (
  process.env['GANTRY_TEST_DOCKER_HOST'] ??
  process.env['DOCKER_HOST'] ??
  'unix:///var/run/docker.sock'
).replace('unix://', '');
let database: TestDatabase | null = null;
let addresses = { url: '', metricsUrl: '' };

/** The log line that tells the addresses; null while there is none. */
async function readAddresses(): Promise<typeof addresses | null> {
  const logs = await docker('logs', name);
  if ((await docker('inspect', '-f', '{{.State.Running}}', name)).trim() !== 'true')
    throw new Error(`it ended:\n${logs}`);
  const line = logs.split('\n').find((text) => text.startsWith('{') && text.includes('"msg":"listening"'));
  return line === undefined ? null : (JSON.parse(line) as typeof addresses);
}

describe.runIf(hasFerretdb())('the image of Gantry', () => {
  beforeAll(async () => {
    database = await startFerretdb();
    // The container's user is another one than ours.
    chmodSync(secrets, 0o755);
    writeFileSync(join(secrets, 'mongodb-uri'), `${database.uri}\n`, { mode: 0o444 });
    await buildGantryImage(IMAGE);
    const service = readCompose().services['gantry'];
    if (service === undefined) throw new Error('no service gantry');
    await docker(
      ...[
        'run',
        '-d',
        '--name',
        name,
        '--label',
        'io.gantry.test=compose',
        '--network',
        'host',
        ...hardeningFlags(service),
      ],
      ...[
        '--group-add',
        String(statSync(socket).gid),
        '-v',
        `${socket}:/var/run/docker.sock`,
        '-v',
        '/sys/fs/cgroup:/sys/fs/cgroup:ro',
        '-v',
        `${secrets}:/secrets:ro`,
      ],
      ...Object.entries(service.environment).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
      ...[
        '-e',
        'GANTRY_WEB_HOST=127.0.0.1',
        '-e',
        'GANTRY_WEB_PORT=0',
        '-e',
        'GANTRY_METRICS_HOST=127.0.0.1',
        '-e',
        'GANTRY_METRICS_PORT=0',
      ],
      IMAGE,
    );
    addresses = await waitFor(readAddresses, 'the container to listen', START_MS);
  }, 900_000);

  afterAll(async () => {
    await docker('rm', '-f', '-v', name).catch(() => undefined);
    await docker('image', 'rm', '-f', IMAGE).catch(() => undefined);
    await database?.[Symbol.asyncDispose]();
    rmSync(secrets, { recursive: true, force: true });
  }, 300_000);

  it('runs as an unprivileged user on a root file system that it cannot write', async () => {
    const script = "console.log(process.getuid()); require('fs').writeFileSync('/app/x', '')";
    const failure: unknown = await docker('exec', name, 'node', '-e', script).catch((error: unknown) => error);
    expect(failure).toMatchObject({ stdout: '10001\n' });
    expect(String(failure)).toContain('EROFS');
  });

  it('runs the lockfile report through the socket, kept in the store it was given', { timeout: 600_000 }, async () => {
    const lock: unknown = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    const run: unknown = await runToEnd(addresses.url, 'lockfile_report', { data: lock }, 500_000);
    expect(run).toMatchObject({ state: 'succeeded', failure: null });
    const ready = (await (await fetch(`${addresses.metricsUrl}/readyz`)).json()) as {
      components: { name: string; message: string }[];
    };
    expect(ready.components.find((part) => part.name === 'store')?.message).toMatch(/^mongo/);
  });

  it('is healthy by its own check', async () => {
    const port = new URL(addresses.metricsUrl).port;
    await docker('exec', '-e', `GANTRY_METRICS_PORT=${port}`, name, 'node', 'docker/compose/check-ready.mjs');
  });

  it('ends cleanly when it is stopped', async () => {
    await docker('stop', '-t', '120', name);
    expect((await docker('inspect', '-f', '{{.State.ExitCode}}', name)).trim()).toBe('0');
  });
});

describe.skipIf(hasFerretdb())('the image of Gantry, without a MongoDB stand-in on this machine', () => {
  it.skip('was not run: the stand-in is not built (it needs a Go toolchain)');
});
