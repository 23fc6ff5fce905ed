// The dashboard shows what the program tells: the committed file is the generated one, every metric has its place, the alerts fire when
// they should, and with a real Prometheus scraping a real Gantry no panel stays empty.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureTestTools } from '../../../docker/setup/ensure-test-tools.mjs';
import { OVERVIEW_ROWS } from '../../../grafana/dashboard-panels.ts';
import { overviewText } from '../../../grafana/generate-overview.ts';
import { METRICS } from '../../../src/observe/metric-definitions.ts';
import { postJson, waitFor } from '../../support/gantry/api.ts';
import { ROOT, startGantry, type Gantry } from '../../support/gantry/start-gantry.ts';
import { startPrometheus, type TestPrometheus } from '../../support/prometheus/start-prometheus.ts';

const QUERIES = OVERVIEW_ROWS.flatMap(({ panels }) =>
  panels.flatMap(({ title, queries }) => queries.map((query) => ({ title, ...query }))),
);
const CONFIG = join(ROOT, 'config', 'prometheus');

describe('the overview', () => {
  it('is the generated one: run `node grafana/generate-overview.ts` after a change', () => {
    expect(readFileSync(join(ROOT, 'grafana', 'dashboards', 'overview.json'), 'utf8')).toBe(overviewText());
  });

  it('shows every metric that is defined, and none that is not', () => {
    const named = new Set(QUERIES.flatMap(({ expr }) => expr.match(/gantry_[a-z_]+/g) ?? []));
    const shown = new Set([...named].map((name) => name.replace(/_(bucket|sum|count)$/, '')));
    expect([...shown].sort()).toEqual(
      Object.values(METRICS)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('lays its panels beside each other without overlap', () => {
    const { panels } = JSON.parse(overviewText()) as { panels: { gridPos: Record<'x' | 'y' | 'w' | 'h', number> }[] };
    const taken = new Set<string>();
    for (const { gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x}:${y}`)).toBe(false);
          taken.add(`${x}:${y}`);
        }
      }
    }
  });
});

describe('the configuration of Prometheus', () => {
  it.each([
    ['is valid', ['check', 'config', 'prometheus.yml']],
    ['has alerts that fire when they should and not before', ['test', 'rules', 'rules.test.yml']],
  ])('%s', async (_title, args) => {
    const { promtool } = await ensureTestTools();
    const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: CONFIG, encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});

const PIPELINES = `pipelines:
  - { name: steady, hooks: [{ name: work }] }
  - { name: greedy, hooks: [{ name: strain }] }
`;

/** A run of each kind, waited for, and a trigger that is refused. */
async function makeRuns(gantry: Gantry): Promise<void> {
  const start = async (pipeline: string): Promise<void> => {
    await postJson(`${gantry.url}/api/v1/pipelines/${pipeline}/runs`, {}, { prefer: 'wait=60' });
  };
  await Promise.all([start('steady'), start('greedy'), start('nowhere')]);
}

async function emptyQueries(prometheus: TestPrometheus): Promise<string[]> {
  const empty: string[] = [];
  for (const { title, expr, mayBeEmpty } of QUERIES) {
    const values = await prometheus.query(expr.replaceAll('$__rate_interval', '5m'));
    if (mayBeEmpty !== true && !values.some(Number.isFinite)) empty.push(`${title}: ${expr}`);
  }
  return empty;
}

describe('with a real Prometheus scraping a real Gantry', () => {
  it('leaves no panel empty', { timeout: 600_000 }, async () => {
    const plugins = join(ROOT, 'test', 'integration', 'dashboards', 'plugins');
    await using gantry = await startGantry({ pipelines: PIPELINES, plugins });
    await using prometheus = await startPrometheus(new URL(gantry.metricsUrl).host);
    let empty: string[] = [];
    const isFilled = async (): Promise<boolean> => {
      await makeRuns(gantry);
      empty = await emptyQueries(prometheus);
      return empty.length === 0;
    };
    await waitFor(isFilled, 'every panel to be filled', 400_000).catch((error: unknown) => {
      throw new Error(`still empty:\n${empty.join('\n')}\n${gantry.errors()}`, { cause: error });
    });
    expect(empty).toEqual([]);
  });
});
