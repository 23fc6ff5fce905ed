// Which transport a sandbox gets: pipes where they may work, until one start shows that they do not.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { isJsonObject, type JsonObject } from '../../../src/core/json.ts';
import type { Plugin, PluginVersion } from '../../../src/core/plugin.ts';
import type { InvocationRequest } from '../../../src/core/ports/invoker.ts';
import { isForPipes, whyNoPipes } from '../../../src/sandbox/container/transports.ts';
import { FakePipes } from '../../support/engine/fake-pipes.ts';
import { asEngineShows, FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { streamProgram } from '../../support/sandbox/stream-program.ts';
import { pluginVersion } from '../../support/sandbox/versions.ts';

const LOCAL = { isOnSocket: true, defaultRuntime: 'runc', kernelVersion: '6.1' };

test('finds no reason against pipes on a local engine with a kernel in common', () => {
  expect(whyNoPipes('auto', LOCAL, '6.1')).toBeNull();
});

test.each([
  ['the setting', 'attach', LOCAL, 'sandbox.transport'],
  ['an engine over the network', 'auto', { ...LOCAL, isOnSocket: false }, 'over the network'],
  ['another kernel, as that of a virtual machine', 'auto', { ...LOCAL, kernelVersion: '5.4' }, 'another kernel'],
  ['gVisor', 'auto', { ...LOCAL, defaultRuntime: 'runsc' }, 'gVisor'],
] as const)('gives %s as the reason against pipes', (_what, setting, facts, reason) => {
  expect(whyNoPipes(setting, facts, '6.1')).toContain(reason);
});

describe('a plugin', () => {
  const source = { kind: 'runtime', runtime: 'python', entry: 'main.py', command: null, dependencies: null } as const;
  const isFor = (changes: Partial<Omit<Plugin, 'limits'>>): boolean =>
    isForPipes(pluginVersion({ plugin: { protocol: 'stream', source, ...changes } }).plugin);

  test.each(['python', 'node', 'shell', 'java'] as const)('of the runtime %s may have pipes', (runtime) => {
    expect(isFor({ source: { ...source, runtime } })).toBe(true);
  });

  test.each<[string, Partial<Omit<Plugin, 'limits'>>]>([
    ['go, whose image has no shell', { source: { ...source, runtime: 'go' } }],
    ['rust, whose image has no shell', { source: { ...source, runtime: 'rust' } }],
    ['a command of its own', { source: { ...source, entry: null, command: ['python3', 'main.py'] } }],
    ['a Dockerfile of its own', { source: { kind: 'dockerfile', dockerfile: 'Dockerfile', command: null } }],
    ['a ready image', { source: { kind: 'image', image: 'x@sha256:0', command: null } }],
    ['protocol json', { protocol: 'json' }],
    ['protocol text', { protocol: 'text' }],
  ])('of %s gets the stream', (_what, changes) => {
    expect(isFor(changes)).toBe(false);
  });
});

const CALL: Partial<InvocationRequest> = {
  nonce: 'abc',
  input: Buffer.from(JSON.stringify({ act: '', invocation: { nonce: 'abc' } })),
};

interface Stage {
  readonly worker: FakeWorker;
  readonly pipes: FakePipes;
  readonly version: PluginVersion;
}

function stage(alterInspect: (body: JsonObject) => JsonObject = asEngineShows): Stage & AsyncDisposable {
  const pipes = new FakePipes();
  const worker = new FakeWorker({}, undefined, alterInspect, { pipes });
  worker.programs.set('stream', streamProgram());
  const version = worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm' } });
  return { worker, pipes, version, [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose]() };
}

/** An engine that shows another source of the mount, as one would that maps paths. */
function elsewhere(body: JsonObject): JsonObject {
  const shown = asEngineShows(body);
  const mounts = Array.isArray(shown['Mounts']) ? shown['Mounts'].filter(isJsonObject) : [];
  return { ...shown, Mounts: mounts.map((mount) => ({ ...mount, Source: '/host_mnt/elsewhere' })) };
}

describe('a sandbox with pipes', () => {
  test('serves over them, and leaves none behind', async () => {
    await using stand = stage();
    const { worker, pipes, version } = stand;
    expect(worker.sandboxes.transport()).toMatchObject({ transport: 'fifo', reason: 'not tried yet' });
    const end = await worker.invoke(version, CALL);
    expect(end).toMatchObject({ outcome: { code: 'ok' }, transport: 'fifo', result: { count: 1 } });
    expect(worker.sandboxes.states()).toMatchObject([{ state: 'idle', transport: 'fifo' }]);
    expect(worker.events.of('sandboxStarted')).toMatchObject([{ transport: 'fifo' }]);
    expect(worker.sandboxes.transport()).toEqual({ transport: 'fifo', reason: 'a sandbox has opened its pipes' });
    expect(pipes.pairs.map(({ groupId }) => groupId)).toEqual([20_000]);
    worker.sandboxes.retire(version);
    await worker.settle();
    expect(pipes.folders.size).toBe(0);
  });

  test('is one of protocol stream only', async () => {
    await using stand = stage();
    const end = await stand.worker.invoke(stand.worker.version());
    expect(end).toMatchObject({ outcome: { code: 'ok' }, transport: 'attach' });
    expect(stand.pipes.pairs).toEqual([]);
  });

  test('does not blame the pipes for a plugin that fails after they were opened', async () => {
    await using stand = stage();
    const { worker, pipes, version } = stand;
    worker.programs.set('stream', () => 3);
    const end = await worker.invoke(version, CALL);
    expect(end.outcome).toMatchObject({ code: 'not_ready' });
    expect(pipes.pairs[0]?.isOpened).toBe(true);
    expect(worker.events.of('sandboxMoved').map(({ reason }) => reason)).not.toContain('its pipes were not opened');
    expect(worker.sandboxes.transport().transport).toBe('fifo');
  });
});

describe('pipes that do not work', () => {
  /** What keeps the first start from coming about. */
  const FAULTS: readonly [string, string, (stand: Stage) => void, ((body: JsonObject) => JsonObject)?][] = [
    [
      'cannot be made',
      'no mkfifo',
      ({ pipes }) => {
        pipes.failure = new GantryError('START_FAILED', 'no mkfifo');
      },
    ],
    [
      'lie in a folder that the engine does not find',
      'bind source path does not exist',
      ({ worker }) => {
        const refused = new GantryError('ENGINE_FAILED', 'bind source path does not exist');
        worker.engine.calls.refuse('createContainer', refused);
      },
    ],
    ['are mounted from elsewhere', '/host_mnt/elsewhere', () => undefined, elsewhere],
    [
      'cannot be opened',
      'cannot open /gantry/io/in',
      ({ worker }) => {
        worker.programs.set('/bin/sh', async (process) => {
          await process.stderr('sh: cannot open /gantry/io/in: Permission denied\n');
          return 2;
        });
      },
    ],
  ];

  test.each(FAULTS)('since they %s give way to the stream for good', async (_what, cause, spoil, alterInspect) => {
    await using stand = stage(alterInspect);
    const { worker, pipes, version } = stand;
    spoil(stand);
    const end = await worker.invoke(version, CALL);
    expect(end).toMatchObject({ outcome: { code: 'ok' }, transport: 'attach', result: { count: 1 } });
    const state = worker.sandboxes.transport();
    expect(state.transport).toBe('attach');
    expect(state.reason).toContain(cause);
    expect(worker.logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(pipes.folders.size).toBe(0);
    const made = pipes.pairs.length;
    const other = worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm' } });
    expect(await worker.invoke(other, CALL)).toMatchObject({ outcome: { code: 'ok' }, transport: 'attach' });
    expect(pipes.pairs).toHaveLength(made);
    expect(worker.engine.containers.size).toBe(2);
  });

  test('since nobody opens them give way to the stream after a while', async () => {
    await using stand = stage();
    const { worker, version } = stand;
    worker.programs.set('/bin/sh', () => new Promise<never>(() => undefined));
    const ending = worker.invoke(version, CALL);
    await worker.settle();
    await worker.clock.advance(20_000);
    expect(await ending).toMatchObject({ outcome: { code: 'ok' }, transport: 'attach' });
    expect(worker.sandboxes.transport().reason).toContain('not opened within 20000 ms');
    expect(worker.engine.containers.size).toBe(1);
  });

  test('are not given up for a plugin that does not start without them either', async () => {
    await using stand = stage();
    const { worker, version } = stand;
    worker.programs.set('/bin/sh', () => 2);
    worker.programs.set('stream', () => 3);
    expect((await worker.invoke(version, CALL)).outcome).toMatchObject({ code: 'not_ready' });
    expect(worker.sandboxes.transport()).toMatchObject({ transport: 'fifo', reason: 'not tried yet' });
    await worker.settle();
    expect(worker.engine.containers.size).toBe(0);
  });

  test('are not given up once they have worked: only the one sandbox gets the stream', async () => {
    await using stand = stage();
    const { worker, pipes, version } = stand;
    await worker.invoke(version, CALL);
    pipes.failure = new GantryError('START_FAILED', 'no space left on device');
    const other = worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm' } });
    expect(await worker.invoke(other, CALL)).toMatchObject({ outcome: { code: 'ok' }, transport: 'attach' });
    expect(worker.sandboxes.transport().transport).toBe('fifo');
    pipes.failure = null;
    const third = worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm' } });
    expect(await worker.invoke(third, CALL)).toMatchObject({ outcome: { code: 'ok' }, transport: 'fifo' });
  });

  test('are not blamed for an engine that is gone', async () => {
    await using stand = stage();
    const { worker, pipes, version } = stand;
    worker.engine.calls.refuse('createContainer', new GantryError('DOCKER_UNAVAILABLE', 'gone'));
    expect((await worker.invoke(version, CALL)).outcome.code).toBe('engine');
    await worker.settle();
    expect(worker.sandboxes.transport().transport).toBe('fifo');
    expect(pipes.pairs[0]?.isDisposed).toBe(true);
  });
});

test('sweeps away what an earlier life left, before the first sandbox', async () => {
  await using stand = stage();
  await stand.worker.sandboxes.start();
  expect(stand.pipes.sweeps).toBe(1);
});
