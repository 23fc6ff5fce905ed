// One `json` invocation with a sandbox ready in the pool, beside the two references, round by round in turn.
import { SystemClock } from '../../src/adapters/system/system-clock.ts';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import { CgroupUsageMeter } from '../../src/adapters/system/cgroup-usage-meter.ts';
import { DockerEngine } from '../../src/adapters/docker/docker-engine.ts';
import type { InvocationEnd } from '../../src/core/ports/invoker.ts';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { NO_SECRETS } from '../../src/core/redact.ts';
import { createSandboxes, type Sandboxes } from '../../src/sandbox/create-sandboxes.ts';
import { makeVersion } from '../support/plugins/make-version.ts';
import { IMAGE, PLUGIN_COMMAND, runBare, runClassic, type Times } from './contenders.ts';
import { ratioOf, seriesOf, type Series } from './measure.ts';

export interface InvocationBench {
  readonly series: readonly Series[];
  /** medians of Gantry over those of `docker run` and of the bare loop */
  readonly ratios: Readonly<Record<string, number>>;
}

const INTERPRETER_MS = 500;
const NOT_LOGGED = { log: () => undefined };
const NOT_HEARD = { emit: () => undefined };
const INPUT = new TextEncoder().encode(JSON.stringify({ context: { data: { text: 'x'.repeat(100) } } }));

export async function benchInvocation(dockerHost: string, rounds: number): Promise<InvocationBench> {
  const clock = new SystemClock();
  const ids = new SystemIds();
  const instanceId = ids.randomHex(16);
  await using engine = new DockerEngine({ dockerHost, instanceId, clock, events: NOT_HEARD, logger: NOT_LOGGED });
  const signal = AbortSignal.timeout(600_000);
  const facts = await engine.facts({ signal });
  const image = await engine.inspectImage(IMAGE, { signal });
  if (image === null) throw new Error(`${IMAGE} is missing: gantry bases build`);
  await using sandboxes = createSandboxes({
    engine,
    clock,
    ids,
    events: NOT_HEARD,
    logger: NOT_LOGGED,
    usage: new CgroupUsageMeter(),
    facts,
    settings: { instanceId, workerId: ids.newId('wrk') },
  });
  const version: PluginVersion = { ...makeVersion(), imageId: image.id, command: PLUGIN_COMMAND, workingDir: '/' };
  const times: Record<string, Times[]> = { classic: [], bare: [], gantry: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const found = {
      classic: await runClassic(dockerHost, INPUT),
      bare: await runBare(dockerHost, INPUT),
      gantry: await runGantry(sandboxes, version, ids),
    };
    // The first round warms caches and is not counted.
    if (round > 0) for (const [name, value] of Object.entries(found)) times[name]?.push(value);
  }
  return summarize(times);
}

async function runGantry(sandboxes: Sandboxes, version: PluginVersion, ids: SystemIds): Promise<Times> {
  sandboxes.warm(version);
  while (!sandboxes.states().some(({ state }) => state === 'idle'))
    await new Promise((resolve) => setTimeout(resolve, 5));
  // Ready means blocked on stdin: the interpreter is loaded, as in a pool that has stood for a moment.
  await new Promise((resolve) => setTimeout(resolve, INTERPRETER_MS));
  const startedMs = performance.now();
  const end: InvocationEnd = await sandboxes.invoker.invoke({
    runId: ids.newId('run'),
    invocationId: ids.newId('inv'),
    epoch: 1,
    attempt: 1,
    pipeline: 'bench',
    version,
    input: INPUT,
    nonce: ids.randomHex(16),
    timeoutMs: 30_000,
    waitMs: 30_000,
    redactor: NO_SECRETS,
    onStarted: () => Promise.resolve(),
    onLog: () => undefined,
    stop: new AbortController().signal,
  });
  const settledMs = performance.now() - startedMs;
  if (end.outcome.code !== 'ok') throw new Error(`the invocation ended as ${end.outcome.code}: ${end.outcome.message}`);
  if (end.sandboxKind !== 'prestarted') throw new Error('the pool had no sandbox ready');
  const { sandboxWaitMs, sendMs, runMs } = end.phases;
  return { firstByteMs: (sandboxWaitMs ?? 0) + (sendMs ?? 0) + (runMs ?? 0), settledMs };
}

function summarize(times: Readonly<Record<string, readonly Times[]>>): InvocationBench {
  const pick = (name: string, moment: keyof Times): Series =>
    seriesOf(
      `${name} ${moment === 'settledMs' ? 'settled' : 'first byte'}`,
      (times[name] ?? []).map((one) => one[moment]),
    );
  const names = ['classic', 'bare', 'gantry'] as const;
  const series = names.flatMap((name) => [pick(name, 'firstByteMs'), pick(name, 'settledMs')]);
  const ratios: Record<string, number> = {};
  for (const reference of ['classic', 'bare'] as const) {
    ratios[`first_byte_over_${reference}`] = ratioOf(pick('gantry', 'firstByteMs'), pick(reference, 'firstByteMs'));
    ratios[`settled_over_${reference}`] = ratioOf(pick('gantry', 'settledMs'), pick(reference, 'settledMs'));
  }
  return { series, ratios };
}
