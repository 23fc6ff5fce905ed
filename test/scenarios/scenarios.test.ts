// Runs every scenario of this folder on the real program with the real engine, and compares what came of it with its expected.json.
// Not here: priorities, since several pipelines would have to compete for all places of a worker that the other scenarios need
// (create-runs.test.ts, queue-contract.ts), and schedules, which would go on firing beside them (schedule-loop.test.ts, integration/triggers).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readScenarios } from '../support/scenarios/read-scenarios.ts';
import { runScenario } from '../support/scenarios/run-scenario.ts';
import { startScenarioServer, type ScenarioServer } from '../support/scenarios/scenario-server.ts';

const scenarios = await readScenarios(import.meta.dirname);
let server: ScenarioServer | null = null;

beforeAll(async () => {
  server = await startScenarioServer(scenarios);
}, 900_000);
afterAll(() => server?.[Symbol.asyncDispose]());

describe('every plugin of the scenarios', () => {
  it('is built and ready', async () => {
    const response = await fetch(`${server?.url ?? ''}/api/v1/plugins`);
    const { items } = (await response.json()) as { items: { name: string; state: string; problems: unknown }[] };
    expect(items.filter(({ state }) => state !== 'ready')).toEqual([]);
    expect(items.length).toBeGreaterThan(25);
  });
});

describe('scenarios', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario) => {
    expect(await runScenario(server?.url ?? '', scenario)).toEqual(scenario.expected);
  });
});
