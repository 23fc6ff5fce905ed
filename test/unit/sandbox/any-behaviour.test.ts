// Whatever plugins, callers and the engine do, and in whatever order: every invocation settles, nothing stays behind, nothing is promised twice.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OUTCOME_CODES } from '../../../src/core/outcome.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import type { StopReason } from '../../../src/core/ports/invoker.ts';
import type { FakeProcess, FakeProgram } from '../../support/engine/fake-container.ts';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';

interface Act {
  readonly does: 'read' | 'hang' | 'oom' | 'die' | 'out' | 'err';
  readonly text: string;
}
interface Happening {
  readonly kind: 'advance' | 'invoke' | 'stop' | 'lose' | 'find' | 'kill' | 'retire';
  readonly ms: number;
  readonly which: number;
  readonly pipeline: string;
  readonly reason: StopReason;
}

const acts = fc.array(
  fc.record<Act>({
    does: fc.constantFrom('read', 'read', 'out', 'out', 'err', 'hang', 'oom', 'die'),
    text: fc.oneof(fc.constantFrom('{"n":1}', '{}', '{', '{"status":"error"}', 'x'.repeat(3_000), '\n'), fc.string()),
  }),
  { maxLength: 5 },
);
const plugin = fc.record({ acts, exitCode: fc.constantFrom(0, 0, 0, 1, 64, 137, 255) });
const happening = fc.record<Happening>({
  kind: fc.constantFrom('advance', 'advance', 'invoke', 'invoke', 'invoke', 'stop', 'lose', 'find', 'kill', 'retire'),
  ms: fc.integer({ min: 1, max: 2_000 }),
  which: fc.nat(5),
  pipeline: fc.constantFrom('a', 'b'),
  reason: fc.constantFrom('cancelled', 'hook_timeout', 'lease_lost'),
});

async function perform({ does, text }: Act, process: FakeProcess): Promise<void> {
  if (does === 'hang') await new Promise<never>(() => undefined);
  if (does === 'oom') await process.oom();
  if (does === 'out') await process.stdout(text);
  if (does === 'err') await process.stderr(text);
  if (does === 'read') for await (const chunk of process.input) chunk.fill(0);
}

function programOf(steps: readonly Act[], exitCode: number): FakeProgram {
  return async (process) => {
    for (const step of steps) {
      if (step.does === 'die') return 3;
      await perform(step, process);
    }
    return exitCode;
  };
}

class Story {
  readonly worker = new FakeWorker({ cpuOvercommit: 0.5, maxWaiting: 6 });
  readonly ends: Promise<string>[] = [];
  readonly #versions: readonly PluginVersion[];
  readonly #stops: AbortController[] = [];

  constructor(plugins: readonly { readonly acts: readonly Act[]; readonly exitCode: number }[]) {
    this.#versions = plugins.map((one, index) => {
      this.worker.programs.set(`p${index}`, programOf(one.acts, one.exitCode));
      return this.worker.version(`p${index}`, { limits: { timeoutMs: 1_000, outputBytes: 2_048, logsBytes: 1_024 } });
    });
  }

  async happen(next: Happening): Promise<void> {
    const { engine, clock, sandboxes } = this.worker;
    switch (next.kind) {
      case 'advance':
        await clock.advance(next.ms);
        break;
      case 'invoke':
        this.#invoke(next);
        break;
      case 'stop':
        this.#stops[next.which]?.abort(next.reason);
        break;
      case 'lose':
        engine.lose();
        break;
      case 'find':
        engine.find();
        break;
      case 'kill':
        for (const container of engine.containers.values()) container.kill(137);
        break;
      case 'retire':
        sandboxes.retire({ id: 'v1', imageId: 'puppet:1' });
        break;
    }
  }

  #invoke({ which, pipeline }: Happening): void {
    const version = this.#versions[which % this.#versions.length];
    if (version === undefined) return;
    const stop = new AbortController();
    this.#stops.push(stop);
    const ended = this.worker.invoke(version, { stop: stop.signal, pipeline, waitMs: 5_000 });
    this.ends.push(ended.then((end) => end.outcome.code));
  }
}

function ratios(worker: FakeWorker, resource: string): readonly number[] {
  const changes = worker.events.of('capacityChanged').filter((change) => change.resource === resource);
  return [0, ...changes.map((change) => change.usedRatio)];
}

async function prove(story: Story, happenings: readonly Happening[]): Promise<void> {
  const { worker } = story;
  await worker.sandboxes.start();
  for (const next of happenings) await story.happen(next);
  worker.engine.find();
  await worker.clock.advance(120_000);
  for (const code of await Promise.all(story.ends)) expect(OUTCOME_CODES).toContain(code);
  expect(worker.count('busy') + worker.count('stopping')).toBe(0);
  const disposed = worker[Symbol.asyncDispose]();
  await worker.clock.advance(120_000);
  await disposed;
  expect([worker.sandboxes.states(), worker.clock.pendingTimers]).toEqual([[], 0]);
  for (const resource of ['cpu', 'memory']) {
    expect(ratios(worker, resource).at(-1)).toBe(0);
    expect(Math.max(...ratios(worker, resource))).toBeLessThanOrEqual(1 + 1e-9);
  }
}

test('every invocation settles with one outcome, and all sandboxes, tokens and timers come back', async () => {
  const plugins = fc.array(plugin, { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(plugins, fc.array(happening, { maxLength: 20 }), async (some, happenings) => {
      await prove(new Story(some), happenings);
    }),
    { numRuns: 60 },
  );
}, 900_000);
