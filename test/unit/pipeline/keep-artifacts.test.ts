// Artifacts in the result of a plugin, from the result to the run: kept whole or not at all, before the invocation counts as ended.
import { afterEach, describe, expect, test } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { ARTIFACTS_MAX, ARTIFACTS_PAYLOAD, type Artifact, type InlineArtifact } from '../../../src/core/artifact.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { Invocation } from '../../../src/core/invocation.ts';
import type { Plugin } from '../../../src/core/plugin.ts';
import type { Run } from '../../../src/core/run.ts';
import { createHostServices } from '../../../src/pipeline/services/create-host-services.ts';
import { StoredArtifacts } from '../../../src/pipeline/services/stored-artifacts.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { endOf, OK } from '../../support/pipeline/fake-invoker.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';
import { EventList } from '../../support/sandbox/event-list.ts';
import { SilentLogger } from '../../support/sandbox/silent-logger.ts';
import { patient } from '../../support/store/build-records.ts';

const ids = new SystemIds();
const SECRET = 'a-secret-of-many-letters';
const LIMITS = { sizeBytes: 20, runBytes: 50 };
const DECLARED: Partial<Plugin> = { services: ['artifact'] };

const worlds: RunWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

interface Ended {
  readonly run: Run;
  readonly store: HangingStore;
  readonly invocations: readonly Invocation[];
  readonly artifacts: readonly Artifact[];
  text(name: string): Promise<string>;
}

function text(name: string, content: string): InlineArtifact {
  return { name, contentType: 'text/plain', encoding: 'utf8', content };
}

/** Runs plugins one after the other, which give these artifacts. */
async function runOf(
  given: Readonly<Record<string, readonly InlineArtifact[]>>,
  changes = DECLARED,
  prepare = (_: HangingStore): void => undefined,
): Promise<Ended> {
  const [store, clock, events] = [new HangingStore(), new FakeClock(), new EventList()];
  const content = new StoredArtifacts(store, ids);
  const services = createHostServices({
    ...{ store, ids, clock, events, content, limits: LIMITS },
    ...{ logger: new SilentLogger(), storeTimeoutMs: 1_000 },
  });
  const names = Object.keys(given);
  const versions = names.map((name) => makePlugin(name, { hooks: [name], secrets: ['TOKEN'], ...changes }));
  const pipelines = [makePipeline({ hookNames: names })];
  const world = new RunWorld({ store, clock, services, versions, pipelines, secrets: { TOKEN: SECRET } });
  worlds.push(world);
  for (const [name, artifacts] of Object.entries(given))
    world.invoker.on(name, () => {
      prepare(store);
      return { end: { ...endOf(OK, { by: name }, ids.newId('sbx')), artifacts } };
    });
  await world.runs.start();
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: {} });
  const ended = await world.settle(run.id);
  const artifacts = ((await world.payload(run.id, ARTIFACTS_PAYLOAD)) ?? []) as Artifact[];
  const invocations = await store.listInvocations(run.id, patient());
  const textOf = async (name: string): Promise<string> => {
    const artifact = artifacts.find((one) => one.name === name);
    const bytes = artifact === undefined ? null : await content.read(artifact, 0, 1_000_000, patient());
    return Buffer.from(bytes ?? []).toString();
  };
  return { run: ended, store, invocations, artifacts, text: textOf };
}

describe('artifacts of a result', () => {
  test('are the run’s, by the hook and plugin that gave them; one of an earlier plugin is replaced', async () => {
    const ended = await runOf({
      one: [text('a.txt', 'first'), { ...text('b.bin', 'AAEC'), encoding: 'base64' }],
      two: [{ ...text('a.txt', 'second'), contentType: 'text/csv' }],
    });
    expect(ended.run).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(ended.artifacts).toMatchObject([
      { name: 'a.txt', hook: 'two', plugin: 'two', contentType: 'text/csv', sizeBytes: 6, runId: ended.run.id },
      { name: 'b.bin', hook: 'one', plugin: 'one', sizeBytes: 3 },
    ]);
    expect([await ended.text('a.txt'), await ended.text('b.bin')]).toEqual(['second', '\u0000\u0001\u0002']);
  });

  test('hold no secret, and are measured without it', async () => {
    const { artifacts, ...ended } = await runOf({ one: [text('a', `${SECRET}!`)] });
    expect(await ended.text('a')).not.toContain(SECRET);
    expect(artifacts).toMatchObject([{ sizeBytes: (await ended.text('a')).length }]);
  });

  test('are not taken from a plugin whose manifest does not declare them', async () => {
    const { run, invocations, artifacts } = await runOf({ one: [text('a', 'x')] }, { failHard: true });
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'protocol', plugin: 'one' } });
    expect(invocations).toMatchObject([{ outcome: { violation: 'bad_artifact', seen: 'a' }, resultPayload: null }]);
    expect(run.failure?.message).toContain('add `services: [artifact]`');
    expect(artifacts).toEqual([]);
  });

  test.each([
    [{ one: [text('a', 'x'), text('b', 'x'.repeat(21))] }, 'the artifact b has 21 bytes; `artifacts.maxSize` is 20'],
    [{ one: 'abc'.split('').map((name) => text(name, 'x'.repeat(17))) }, 'have 51 bytes; `artifacts.maxRunSize` is 50'],
  ])('are all refused when one is too big for its limit, which is told', async (given, message) => {
    const { run, invocations, artifacts } = await runOf(given);
    expect(run).toMatchObject({ state: 'succeeded', warnings: [{ code: 'protocol' }] });
    expect(invocations).toMatchObject([{ outcome: { code: 'protocol', violation: 'artifact_limit' } }]);
    expect(run.warnings[0]?.message).toContain(message);
    expect(artifacts).toEqual([]);
  });

  test('are refused when those before them leave no room, which stay', async () => {
    const [room, more] = [['a', 'b'], ['c']].map((names) => names.map((name) => text(name, 'x'.repeat(20))));
    const { run, artifacts } = await runOf({ one: room ?? [], two: more ?? [] });
    expect(run.warnings).toMatchObject([{ code: 'protocol', plugin: 'two' }]);
    expect(run.warnings[0]?.message).toContain('would have 60 bytes');
    expect(artifacts.map(({ name }) => name)).toEqual(['a', 'b']);
    const many = Array.from({ length: ARTIFACTS_MAX }, (_, index) => text(`a${String(index)}`, ''));
    const crowded = await runOf({ one: many, two: [text('more', '')] });
    expect(crowded.run.warnings[0]?.message).toContain(`would have ${String(ARTIFACTS_MAX + 1)} artifacts`);
  });

  test.each(['putPayload', 'findPayload'] as const)('are kept when %s fails once', async (operation) => {
    const ended = await runOf({ one: [text('a', 'x')] }, DECLARED, (store) => {
      store.failNext(operation, new GantryError('STORE_UNAVAILABLE', 'cut'));
    });
    expect(ended.run.state).toBe('succeeded');
    expect(await ended.text('a')).toBe('x');
  });
});
