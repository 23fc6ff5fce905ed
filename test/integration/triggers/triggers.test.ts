// The real program: schedules fire while it runs and after it was killed, a pause holds over both, and the documents show what works.
// The hooks have no plugins, so no container is started.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { commandsOf, readBlocks } from '../../support/docs/read-blocks.ts';
import { waitFor } from '../../support/gantry/api.ts';
import { startGantry, type Gantry } from '../../support/gantry/start-gantry.ts';

const WAIT_MS = 120_000;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OFTEN = `
pipelines:
  - name: often
    triggers: [{name: two, schedule: "*/2 * * * * *", overlap: queue}]
    hooks: [{name: nobody_serves}]
`;

/** The shown script is for machines that have both. */
const hasTools = ['openssl', 'curl'].every((tool) => spawnSync(tool, ['--help']).error === undefined);

interface ShownRun {
  readonly state: string;
  readonly trigger: string;
  readonly source: string | null;
  readonly idempotencyKey: string;
}

async function get(gantry: Gantry, path: string): Promise<JsonObject> {
  const response = await fetch(`${gantry.url}/api/v1${path}`, { signal: AbortSignal.timeout(WAIT_MS) });
  return (await response.json()) as JsonObject;
}

async function succeeded(gantry: Gantry): Promise<readonly ShownRun[]> {
  const page = await get(gantry, '/runs?pipeline=often&state=succeeded&limit=200');
  return page['items'] as unknown as readonly ShownRun[];
}

function notEmpty(runs: readonly ShownRun[]): readonly ShownRun[] | null {
  return runs.length === 0 ? null : runs;
}

function ticksOf(runs: readonly ShownRun[]): string[] {
  return runs.map(({ idempotencyKey }) => idempotencyKey.replace('schedule/two/', ''));
}

describe('schedules of the program', () => {
  let folder = '';
  let plugins = '';
  let running: Gantry | null = null;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gantry-schedules-'));
    plugins = await mkdtemp(join(tmpdir(), 'gantry-no-plugins-'));
  });
  afterAll(async () => {
    await running?.end();
    for (const one of [folder, plugins]) await rm(one, { recursive: true, force: true });
  });

  it('fire once per tick, also after a kill, and stay paused over it', async () => {
    const first = await startGantry({ folder, plugins, pipelines: OFTEN });
    running = first;
    const [before] = await waitFor(async () => notEmpty(await succeeded(first)), 'a run of the schedule');
    expect(before).toMatchObject({ trigger: 'schedule', source: 'two' });
    const paused = await first.cli('schedules', 'pause', 'often/two', '--json');
    const { pausedAt } = JSON.parse(paused.stdout) as { pausedAt: string };
    await first.end('SIGKILL');

    const second = await startGantry({ folder, plugins, pipelines: OFTEN });
    running = second;
    const { stdout } = await second.cli('schedules', 'list');
    expect(stdout).toMatch(/often\/two +\*\/2 \* \* \* \* \* +UTC +\S+Z +paused by cli/);
    const resumed = await second.cli('schedules', 'resume', 'often/two', '--json');
    const { nextAt } = JSON.parse(resumed.stdout) as { nextAt: string };
    const ticks = await waitFor(async () => {
      const all = ticksOf(await succeeded(second));
      return all.some((tick) => tick >= nextAt) ? all : null;
    }, 'a run after the pause');
    expect(new Set(ticks).size).toBe(ticks.length);
    expect(ticks.filter((tick) => tick > pausedAt && tick < nextAt)).toEqual([]);
    expect(await second.end()).toBe(0);
    running = null;
  });
});

describe('docs/triggers.md', () => {
  let gantry: Gantry | null = null;
  let plugins = '';
  const blocks = readFile('docs/triggers.md', 'utf8').then(readBlocks);
  beforeAll(async () => {
    plugins = await mkdtemp(join(tmpdir(), 'gantry-no-plugins-'));
    const pipelines = (await blocks).find(({ language }) => language === 'yaml')?.text ?? '';
    gantry = await startGantry({ plugins, pipelines, environment: { GANTRY_SECRET_ORDERS_HMAC: SECRET } });
  });
  afterAll(async () => {
    await gantry?.[Symbol.asyncDispose]();
    await rm(plugins, { recursive: true, force: true });
  });
  const here = (): Gantry => {
    if (gantry === null) throw new Error('the program did not start');
    return gantry;
  };

  it('shows commands of schedules that work, in their order', async () => {
    const commands = commandsOf(await blocks).filter((command) => command.startsWith('gantry '));
    expect(commands).toHaveLength(4);
    const outputs: string[] = [];
    for (const command of commands) {
      const { exitCode, stdout, stderr } = await here().cli(...command.split(' ').slice(1));
      expect(exitCode, stderr).toBe(0);
      outputs.push(stdout);
    }
    expect(outputs[0]).toMatch(/^default\/nightly +0 3 \* \* \* +Europe\/Paris/m);
    expect(outputs[1]?.trim().split('\n')).toHaveLength(3);
    expect(outputs[2]).toBe('default/nightly is paused by cli\n');
    expect(outputs[3]).toMatch(/^default\/nightly is due next at \S+Z\n$/);
  });

  it.skipIf(!hasTools)('shows how to sign with openssl and curl, as it is accepted', async () => {
    const script = (await blocks).find(({ text: shown }) => shown.includes('openssl dgst'))?.text ?? '';
    const child = spawn('bash', ['-euc', script.replaceAll('http://127.0.0.1:8080', here().url)], {
      env: { PATH: process.env['PATH'], ORDERS_HMAC: SECRET },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const answer = /^\{"id":"(run_\w+)"\}\n$/.exec(stdout);
    expect(answer, `${stdout}\n${stderr}`).not.toBeNull();
    const run = await get(here(), `/runs/${answer?.[1] ?? ''}`);
    expect(run).toMatchObject({ trigger: 'webhook', source: 'orders', params: { source: 'shop' } });
    const { items } = (await get(here(), '/pipelines')) as { items: unknown[] };
    expect(items[0]).toMatchObject({
      triggers: [
        { kind: 'schedule', name: 'nightly', cron: '0 3 * * *', timezone: 'Europe/Paris', isPaused: false },
        { kind: 'webhook', name: 'orders', path: '/hooks/shop/orders' },
      ],
    });
  });
});
