// Plugins that work for longer than they may, many at once: each level of timeout ends them, and how much later than its deadline whoever
// waits for the run is told so is a figure of the suite.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCounterFolder } from '../support/faults/counter/counter-plugins.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { spread } from '../support/faults/spread.ts';
import { SUITE_SIZE } from '../support/faults/suite-size.ts';
import { postJson, request, waitFor } from '../support/gantry/api.ts';
import { startGantry } from '../support/gantry/start-gantry.ts';

const LIMIT_MS = 700;
const SECONDS = 300;
const LANES = 6;
const RUNS_EACH = 15 * SUITE_SIZE.rounds;
const ALLOWED = `${String(LIMIT_MS)}ms`;

/** By what ends the run: the plugin's own limit, read and warm; the hook's; the run's. */
const LEVELS = {
  plugin: { hooks: '[{name: brief}]', state: 'failed' },
  session: { hooks: '[{name: brief_warm}]', state: 'failed' },
  hook: { hooks: `[{name: long, timeout: ${ALLOWED}}]`, state: 'failed' },
  run: { hooks: '[{name: long}]', state: 'timed_out' },
} as const;
type Level = keyof typeof LEVELS;
const NAMES = Object.keys(LEVELS) as Level[];

const PLUGINS = {
  brief: { hooks: ['brief'], limits: { timeout: ALLOWED, cpus: 0.1 } },
  brief_warm: { hooks: ['brief_warm'], limits: { timeout: ALLOWED, cpus: 0.1 }, protocol: 'stream', reuse: 'warm' },
  long: { hooks: ['long'], limits: { timeout: '5m', cpus: 0.1 } },
} as const;

const PIPELINES = `pipelines:
${NAMES.map((name) => `  - {name: ${name}, timeout: ${name === 'run' ? ALLOWED : '10m'}, hooks: ${LEVELS[name].hooks}}`).join('\n')}
`;
const SYSTEM = `runs: {sandboxWait: 5m, maxRunning: 16}
images: {isOn: false}
brake: {isOn: false}
`;

interface Ended {
  readonly state: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly hooks: readonly {
    readonly startedAt: string;
    readonly plugins: readonly { readonly startedAt: string }[];
  }[];
}

test('ends what takes too long, at every level of timeout', { timeout: 900_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'gantry-overrun-'));
  stack.defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const plugins = join(folder, 'plugins');
  for (const [name, manifest] of Object.entries(PLUGINS))
    makeCounterFolder(plugins, name, { failHard: true, pool: { max: LANES, idle: '5m' }, ...manifest });
  const gantry = stack.use(await startGantry({ folder, plugins, pipelines: PIPELINES, system: SYSTEM }));

  const overshoots: Record<Level, number[]> = { plugin: [], session: [], hook: [], run: [] };
  const todo = NAMES.flatMap((level) => Array<Level>(RUNS_EACH).fill(level));
  const lane = async (): Promise<void> => {
    for (let level = todo.pop(); level !== undefined; level = todo.pop())
      overshoots[level].push(await overshootOf(gantry.url, level));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const all = Object.values(overshoots).flat();
  expect(all).toHaveLength(NAMES.length * RUNS_EACH);
  const byLevel = Object.entries(overshoots).map(([level, times]) => [`${level}Ms`, spread(times)] as const);
  await reportFigures('told after the deadline', { overshootMs: spread(all), ...Object.fromEntries(byLevel) });
});

/** From the deadline of the level until the client that waits has its answer, in milliseconds. */
async function overshootOf(url: string, level: Level): Promise<number> {
  const started = await postJson(`${url}/api/v1/pipelines/${level}/runs`, { data: { seconds: SECONDS } });
  expect(started.status).toBe(202);
  const { id } = started.body as { id: string };
  const [run, toldAtMs] = await waitFor(
    async (): Promise<[Ended, number] | null> => {
      const answer = await request(`${url}/api/v1/runs/${id}`, { headers: { prefer: 'wait=30' } });
      const read = answer.body as Ended;
      return read.finishedAt === null ? null : [read, Date.now()];
    },
    `run ${id} to end`,
    300_000,
  );
  expect(run.state).toBe(LEVELS[level].state);
  return toldAtMs - (Date.parse(startOf(run, level)) + LIMIT_MS);
}

function startOf({ startedAt, hooks }: Ended, level: Level): string {
  const [hook] = hooks;
  switch (level) {
    case 'run':
      return startedAt;
    case 'hook':
      return hook?.startedAt ?? '';
    case 'plugin':
    case 'session':
      return hook?.plugins[0]?.startedAt ?? '';
  }
}
