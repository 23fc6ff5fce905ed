// The whole program behind its own server: POST a run and wait for its end, 32 connections that stay open, beside a Koa server that does
// nothing but read JSON and write JSON. Server, echo and load are three processes, as they would be; the program stores every run.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGantry, type Gantry } from '../support/gantry/start-gantry.ts';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { ChildProgram } from './child-program.ts';
import type { Load } from './http-load.ts';
import { interleave, type Batch } from './interleave.ts';

const CALLERS = 32;
const CALLS = 320;
const SANDBOXES = 8;
const BODY = JSON.stringify({ params: {}, data: { text: 'x'.repeat(400) } });
const READY_MS = 300_000;
const LOOK_MS = 100;

export const httpBenchmark: Benchmark = {
  name: 'http',
  title: `POST a run and wait for its end, ${String(CALLERS)} connections, beside a bare Koa server that echoes JSON`,
  goals: [
    {
      ratio: 'http_run_over_koa_echo',
      sense: 'at least',
      bound: 0.25,
      says: 'a stored run over HTTP reaches a quarter of what bare Koa can do',
      obstacle:
        'a stored run takes nearly 1 ms of CPU in our process (1.2 on a busy machine, where it took 1.6 before), a fifth of it in the thread of the database, where Koa takes 0.08 for an echo: two cores end at little more than a tenth; in our own thread the run itself takes most, the write of the answer an eighth, Koa and the routes a twentieth, messages to the database a twentieth',
    },
  ],
  run: benchHttp,
};

async function benchHttp(request: BenchRequest): Promise<BenchResult> {
  await using stack = new AsyncDisposableStack();
  const gantry = await startProgram(stack);
  await untilBuilt(gantry, request.signal);
  const echo = stack.use(new ChildProgram<null, string>('koa-echo.ts'));
  const load = stack.use(new ChildProgram<Load, Batch>('http-load.ts'));
  const echoUrl = await echo.ask(null);
  const batch =
    (url: string, inFlight: number) =>
    async (calls: number): Promise<Batch> =>
      load.ask({ url, body: BODY, inFlight, calls });
  const runUrl = `${gantry.url}/api/v1/pipelines/bench/runs`;
  const found = await interleave(
    [
      { name: 'koa_echo', calls: CALLS * 2, inFlight: CALLERS, batch: batch(echoUrl, CALLERS) },
      { name: 'http_run', calls: CALLS, inFlight: CALLERS, batch: batch(runUrl, CALLERS) },
      { name: 'koa_echo_alone', calls: CALLS / 2, batch: batch(echoUrl, 1) },
      { name: 'http_run_alone', calls: CALLS / 8, batch: batch(runUrl, 1) },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      http_run_over_koa_echo: found.rateRatio('http_run', 'koa_echo'),
      http_run_ms_over_koa_echo_ms_alone: found.p50Ratio('http_run_alone', 'koa_echo_alone'),
    },
  };
}

async function startProgram(stack: AsyncDisposableStack): Promise<Gantry> {
  const plugins = await mkdtemp(join(tmpdir(), 'gantry-bench-'));
  stack.defer(() => rm(plugins, { recursive: true, force: true }));
  await mkdir(join(plugins, 'trivial'));
  await writeFile(
    join(plugins, 'trivial', 'plugin.yaml'),
    [
      'apiVersion: gantry/v1',
      'name: trivial',
      'version: 1.0.0',
      'hooks: [fetch]',
      'pipelines: [bench]',
      'runtime: python',
      'entry: main.py',
      'protocol: stream',
      'reuse: warm',
      `pool: { min: ${SANDBOXES}, max: ${SANDBOXES}, maxInvocations: 1000000 }`,
      '',
    ].join('\n'),
  );
  await writeFile(join(plugins, 'trivial', 'main.py'), 'import gantry\n\ngantry.run(lambda request: {"n": 1})\n');
  const system = 'runs: { maxRunning: 64, maxQueued: 10000 }\nlogs: { level: info }\n';
  return stack.use(
    await startGantry({ plugins, system, pipelines: 'pipelines:\n  - name: bench\n    hooks: [{ name: fetch }]\n' }),
  );
}

/** Until a run ends well: the plugin is built and a sandbox serves. */
async function untilBuilt(gantry: Gantry, signal: AbortSignal): Promise<void> {
  const tooLate = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
  for (;;) {
    const answer = await fetch(`${gantry.url}/api/v1/pipelines/bench/runs`, {
      ...{ method: 'POST', body: BODY, signal: tooLate },
      headers: { 'content-type': 'application/json', prefer: 'wait=30' },
    });
    const text = await answer.text();
    if (answer.status === 200 && text.includes('"succeeded"') && text.includes('trivial')) return;
    if (answer.status >= 400) throw new Error(`the run was refused: ${text}\n${gantry.errors()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
