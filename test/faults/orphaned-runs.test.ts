// A run that has ended, and whose program is killed, or cannot reach the store, before it could end the runs that its hooks started: the sweep
// ends them.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processState } from '../support/faults/process-state.ts';
import { postJson, request, waitFor } from '../support/gantry/api.ts';
import { startGantry, type Gantry } from '../support/gantry/start-gantry.ts';

const PATIENCE_MS = 240_000;
const SYSTEM = 'runs: {heartbeat: 200ms, deadAfter: 2s, grace: 1s}\nimages: {isOn: false}\n';
/** The child waits for a person; the parent fails as soon as the child is there. No plugin is called. */
const PIPELINES = `pipelines:
  - name: child
    hooks: [{name: ask, approval: {timeout: 1h}}]
    timeout: 2h
  - name: parent
    hooks: [{name: call, run: {pipeline: child}}, {name: fail, after: [], when: "params.nothing.here"}]
    timeout: 2h
`;

interface Listed {
  readonly items: readonly { readonly id: string; readonly state: string }[];
}

async function states(gantry: Gantry, pipeline: string): Promise<readonly string[]> {
  const answer = await request(`${gantry.url}/api/v1/runs?pipeline=${pipeline}`);
  return (answer.body as Listed).items.map(({ state }) => state);
}

test(
  'ends the runs of a run that ended, when it was killed or failed before it could',
  { timeout: 600_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-orphans-'));
    const plugins = join(folder, 'plugins');
    mkdirSync(plugins);
    const start = (fault: string): Promise<Gantry> =>
      startGantry({
        ...{ folder, plugins, system: SYSTEM, pipelines: PIPELINES },
        environment: { GANTRY_TEST_FAILPOINT: `children-due:${fault}` },
      });
    try {
      await using killed = await start('kill');
      await postJson(`${killed.url}/api/v1/pipelines/parent/runs`, {}).catch(() => undefined);
      await waitFor(() => processState(killed.pid) === null, 'the program to die', PATIENCE_MS);

      await using next = await start('throw:2');
      await waitFor(async () => (await states(next, 'child'))[0] === 'cancelled', 'the orphan to end', PATIENCE_MS);
      expect(await states(next, 'parent')).toEqual(['failed']);

      await postJson(`${next.url}/api/v1/pipelines/parent/runs`, {});
      const isOver = async (): Promise<boolean> => (await states(next, 'child')).join() === 'cancelled,cancelled';
      await waitFor(isOver, 'the second orphan to end', PATIENCE_MS);
      expect(await states(next, 'parent')).toEqual(['failed', 'failed']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
