// Over the whole from × to matrix: a permitted step of a sandbox emits one event and moves one gauge and the live count by one each; any other is
// a DEFECT that changes nothing. And the metric and the live state always agree.
import { describe, expect, test } from 'vitest';
import { PrometheusMetrics } from '../../../src/adapters/prometheus/prometheus-metrics.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import { mayMoveSandbox, SANDBOX_STATES, type SandboxState } from '../../../src/core/sandbox.ts';
import { LiveStatus } from '../../../src/observe/live-status.ts';
import { METRICS } from '../../../src/observe/metric-definitions.ts';
import { MetricsRecorder } from '../../../src/observe/record-metrics.ts';
import { Sandbox } from '../../../src/sandbox/container/sandbox.ts';
import { pluginVersion } from '../../support/sandbox/versions.ts';

const COUNTED = ['creating', 'starting', 'idle', 'busy', 'stopping'] as const;
const WAYS: Readonly<Record<SandboxState, readonly SandboxState[]>> = {
  creating: [],
  starting: ['starting'],
  idle: ['starting', 'idle'],
  busy: ['starting', 'idle', 'busy'],
  stopping: ['stopping'],
  gone: ['gone'],
};
const PAIRS = SANDBOX_STATES.flatMap((from) =>
  SANDBOX_STATES.map((to) => ({ from, to, isPermitted: mayMoveSandbox(from, to) })),
);

class Observed {
  readonly events: DomainEvent[] = [];
  readonly sandbox: Sandbox;
  readonly #live = new LiveStatus();
  readonly #metrics = new PrometheusMetrics(Object.values(METRICS));

  constructor(at: SandboxState) {
    const recorder = new MetricsRecorder({ metrics: this.#metrics, pipelines: [], hooks: [] });
    const emit = (event: DomainEvent): void => {
      this.events.push(event);
      this.#live.record(event);
      recorder.record(event);
    };
    this.sandbox = new Sandbox(new SystemIds().newId('sbx'), pluginVersion(), 0, { emit });
    for (const to of WAYS[at]) this.sandbox.move(to, 'test');
  }

  /** Live count by state, proven to be the metric's. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    const { sandboxes } = this.#live.status();
    const { body } = await this.#metrics.page();
    for (const state of COUNTED) expect(body).toContain(`gantry_sandboxes{state="${state}"} ${sandboxes[state]}\n`);
    return sandboxes;
  }
}

function one(state: SandboxState): Readonly<Record<string, number>> {
  return Object.fromEntries(COUNTED.map((name) => [name, name === state ? 1 : 0]));
}

describe('a sandbox', () => {
  test.each(PAIRS)('from $from to $to (permitted: $isPermitted)', async ({ from, to, isPermitted }) => {
    const observed = new Observed(from);
    expect([observed.sandbox.state, await observed.counts()]).toEqual([from, one(from)]);
    const before = observed.events.length;
    const move = (): void => {
      observed.sandbox.move(to, 'why');
    };
    if (isPermitted) move();
    else expect(move).toThrow(expect.objectContaining({ code: 'DEFECT' }));
    const emitted = observed.events.slice(before);
    const { id } = observed.sandbox;
    const told = { kind: 'sandboxMoved', sandboxId: id, plugin: 'puppet', from, to, reason: 'why' };
    expect(emitted).toEqual(isPermitted ? [told] : []);
    expect(await observed.counts()).toEqual(one(isPermitted ? to : from));
  });

  test('is counted from its making on, by one event that comes from nowhere', () => {
    expect(new Observed('creating').events).toMatchObject([{ kind: 'sandboxMoved', from: null, to: 'creating' }]);
  });
});
