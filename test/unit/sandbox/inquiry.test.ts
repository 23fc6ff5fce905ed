// What a plugin version says of itself, over the fake engine and clock: asked once, in the background, at nobody's cost.
import { expect, test } from 'vitest';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import type { SelfDescription } from '../../../src/core/self-description.ts';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { streamProgram, type StreamProgramOptions } from '../../support/sandbox/stream-program.ts';
import type { VersionChanges } from '../../support/sandbox/versions.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

const BOTH = { metadata: true, configUi: true };
const ANSWERS = { get_metadata: { made: 'by hand' }, get_config_ui: { schema: { type: 'object' }, hints: { a: 1 } } };
const HEARD: SelfDescription = {
  metadata: { made: 'by hand' },
  configUi: { schema: { type: 'object' }, hints: { a: 1 } },
  problems: [],
};

class Stand extends FakeWorker {
  readonly said: SelfDescription[];
  readonly methods: string[] = [];

  constructor() {
    const said: SelfDescription[] = [];
    super({}, undefined, undefined, { onSaid: (_version, words) => said.push(words) });
    this.said = said;
  }

  plugin(options: StreamProgramOptions = {}, changes: VersionChanges['plugin'] = {}): PluginVersion {
    const onMethod = (method: string): number => this.methods.push(method);
    this.programs.set('stream', streamProgram({ capabilities: BOTH, answers: ANSWERS, onMethod, ...options }));
    return this.version('stream', { plugin: { protocol: 'stream', reuse: 'warm', ...changes } });
  }

  asked(method = 'get_metadata'): number {
    return this.methods.filter((one) => one === method).length;
  }

  async run(version: PluginVersion, changes: Parameters<FakeWorker['invoke']>[1] = {}): Promise<string> {
    const input = Buffer.from(JSON.stringify({ invocation: { nonce: 'abc' } }));
    return (await this.invoke(version, { nonce: 'abc', input, ...changes })).outcome.code;
  }

  async warm(version: PluginVersion): Promise<void> {
    this.sandboxes.warm(version);
    await this.settle();
    await this.settle();
  }
}

test.each(['never', 'warm', 'fork'] as const)(
  'a version with reuse %s is asked once, and the sandbox then serves',
  async (reuse) => {
    await using stand = new Stand();
    const version = stand.plugin({}, { reuse });
    await stand.warm(version);
    expect(stand.said).toEqual([HEARD]);
    expect(stand.count('idle')).toBe(1);
    const ends = [await stand.run(version), await stand.run(version), await stand.run(version)];
    await stand.settle();
    expect(ends).toEqual(['ok', 'ok', 'ok']);
    expect([stand.asked(), stand.asked('get_config_ui'), stand.said.length]).toEqual([1, 1, 1]);
    expect(stand.events.of('sandboxMoved').filter(({ reason }) => /asked about itself$/.test(reason))).toHaveLength(1);
  },
);

test('a version that offers nothing is asked nothing, and so is one whose manifest turns it off', async () => {
  await using stand = new Stand();
  await stand.warm(stand.plugin({ capabilities: {} }));
  const lifecycle = { onLoad: true, onShutdown: true, cancel: true, metadata: false, configUi: false };
  await stand.warm(stand.plugin({}, { lifecycle }));
  expect([stand.asked(), stand.asked('get_config_ui'), stand.said]).toEqual([0, 0, []]);
  expect(stand.count('idle')).toBe(2);
});

test.each([[{ type: 'object', properties: {} }], [{ schema: { type: 'object', properties: {} }, hints: 'none' }]])(
  'a schema alone is a form without hints',
  async (answer) => {
    await using stand = new Stand();
    await stand.warm(stand.plugin({ capabilities: { configUi: true }, answers: { get_config_ui: answer } }));
    const configUi = { schema: { type: 'object', properties: {} }, hints: {} };
    expect(stand.said).toEqual([{ metadata: null, configUi, problems: [] }]);
  },
);

test('an answer that is too large or no object is left out, and the sandbox serves', async () => {
  await using stand = new Stand();
  const answers = { get_metadata: { text: 'x'.repeat(70_000) }, get_config_ui: [1] };
  const version = stand.plugin({ answers });
  await stand.warm(version);
  expect(stand.said).toMatchObject([{ metadata: null, configUi: null }]);
  expect(stand.said[0]?.problems.toSorted()).toEqual([
    'get_config_ui: the answer is no object',
    expect.stringMatching(/^get_metadata: the answer has \d+ bytes; it may have 65536$/),
  ]);
  expect(await stand.run(version)).toBe('ok');
  expect(stand.count('stopping')).toBe(0);
});

test('a plugin that never answers loses its sandbox, not its answers so far, and serves from the next one', async () => {
  await using stand = new Stand();
  const version = stand.plugin({ answers: { ...ANSWERS, get_config_ui: null } });
  await stand.warm(version);
  expect([stand.said, stand.count('busy')]).toEqual([[], 1]);
  await stand.clock.advance(10_000);
  await stand.settle();
  const message = 'get_config_ui: the plugin did not answer get_config_ui in 10000 ms';
  expect(stand.said).toEqual([{ ...HEARD, configUi: null, problems: [message] }]);
  expect(await stand.run(version)).toBe('ok');
  expect(stand.asked('get_config_ui')).toBe(1);
});

test('a plugin that breaks on the question loses its sandbox, and serves from the next one', async () => {
  await using stand = new Stand();
  const version = stand.plugin({ answers: { ...ANSWERS, get_metadata: 'crash' } });
  await stand.warm(version);
  await stand.clock.advance(1_000);
  expect(stand.said).toMatchObject([{ metadata: null }]);
  expect(stand.said[0]?.problems.join()).toContain('get_metadata: ');
  expect(await stand.run(version)).toBe('ok');
  expect(stand.asked()).toBe(1);
});

test('whoever comes while it is asked has another sandbox at once', async () => {
  await using stand = new Stand();
  const version = stand.plugin({ answers: { get_metadata: null, get_config_ui: null } });
  await stand.warm(version);
  expect(stand.count('busy')).toBe(1);
  const cameAtMs = stand.clock.monotonicMs();
  expect(await stand.run(version)).toBe('ok');
  expect(stand.clock.monotonicMs()).toBe(cameAtMs);
});

test('where the pool has one sandbox, the questions give way, and are given up after three times', async () => {
  await using stand = new Stand();
  const answers = { get_metadata: null, get_config_ui: null };
  const version = stand.plugin({ answers }, { pool: poolLimits({ max: 1 }), reuse: 'never' });
  for (let count = 0; count < 4; count += 1) {
    await stand.warm(version);
    const run = stand.run(version);
    await stand.settle();
    await stand.clock.advance(500);
    await stand.settle();
    expect(await run).toBe('ok');
    await stand.settle();
  }
  expect(stand.said).toEqual([
    { metadata: null, configUi: null, problems: [expect.stringContaining('before an invocation needed the sandbox')] },
  ]);
  expect(stand.asked()).toBe(3);
});

test('a sandbox that knows secrets is never asked: one is started for the questions', async () => {
  await using stand = new Stand();
  const version = stand.plugin({}, { secrets: ['API_TOKEN'] });
  expect(await stand.run(version, { secretsKey: 'one' })).toBe('ok');
  expect([stand.said, stand.asked()]).toEqual([[], 0]);
  await stand.clock.advance(1_000);
  await stand.settle();
  expect(stand.said).toEqual([HEARD]);
  expect(stand.engine.containers.size).toBe(2);
});

test('a worker that stops waits for no answer', async () => {
  const stand = new Stand();
  await stand.warm(stand.plugin({ answers: { get_metadata: null, get_config_ui: null } }));
  expect(stand.count('busy')).toBe(1);
  const stopped = stand[Symbol.asyncDispose]();
  await stand.settle();
  await stand.clock.advance(2_000);
  await stopped;
  expect([stand.said, stand.engine.containers.size]).toEqual([[], 0]);
});
