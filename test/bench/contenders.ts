// The references that start something for each invocation: `docker run` from the command line, the shortest create … remove loop over the
// engine's API, and `docker exec` into a container that stands. All with the hardening and the limits that a sandbox has.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import Docker from 'dockerode';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { containerSpec } from '../../src/sandbox/container/container-spec.ts';
import { makeVersion } from '../support/plugins/make-version.ts';

/** The plugin of the benchmark: reads a document, answers with its size. Given to every contender alike. */
export const PLUGIN_COMMAND = [
  '/usr/bin/python3',
  '-c',
  'import json,sys; print(json.dumps({"status": "success", "data": {"bytes": len(json.dumps(json.load(sys.stdin)))}}))',
] as const;
export const IMAGE = 'gantry/base-python:1';

const HARDENED = [
  ...['--network', 'none', '--ipc', 'none', '--read-only', '--tmpfs', '/tmp:rw,noexec,nosuid,nodev,size=16m,mode=1777'],
  ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '20000:20000', '--init'],
  ...['--pids-limit', '65', '--memory', '128m', '--memory-swap', '128m', '--cpus', '0.5', '--ulimit', 'core=0'],
  ...['--log-driver', 'none'],
];
const ids = new SystemIds();

export interface Times {
  readonly firstByteMs: number;
  readonly settledMs: number;
}

/** `docker run --rm -i` from the command line. */
export async function runClassic(dockerHost: string, input: Uint8Array): Promise<Times> {
  return await runDocker(dockerHost, ['run', '--rm', '-i', ...HARDENED, IMAGE, ...PLUGIN_COMMAND], input);
}

/** `docker exec -i` from the command line. @param containerId of a container with Python that goes on running */
export async function runExec(dockerHost: string, containerId: string, input: Uint8Array): Promise<Times> {
  return await runDocker(dockerHost, ['exec', '-i', containerId, ...PLUGIN_COMMAND], input);
}

/** create, attach, start, wait, remove: what a program without a pool does. */
export async function runLoop(dockerHost: string, version: PluginVersion, input: Uint8Array): Promise<Times> {
  const docker = new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') });
  const owner = { instanceId: ids.randomHex(16), workerId: ids.newId('wrk'), hasAppArmor: false };
  const startedMs = performance.now();
  const container = await docker.createContainer(containerSpec(version, owner, 0, ids.newId('sbx')).body);
  try {
    return await talkTo(container, input, startedMs);
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined);
  }
}

/** To its end, and until it is removed. */
async function talkTo(container: Docker.Container, input: Uint8Array, startedMs: number): Promise<Times> {
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  let firstByteMs = Number.NaN;
  stream.once('data', () => (firstByteMs = performance.now() - startedMs));
  stream.resume();
  const ended = once(stream, 'end');
  const exited = container.wait({ condition: 'next-exit' }) as Promise<{ StatusCode: number }>;
  await container.start();
  stream.end(input);
  const [{ StatusCode }] = await Promise.all([exited, ended]);
  await container.remove();
  if (StatusCode !== 0) throw new Error(`the container ended with ${String(StatusCode)}`);
  return { firstByteMs, settledMs: performance.now() - startedMs };
}

/** A version of the plugin above, served once per sandbox. @param id different ones have different pools */
export function onceVersion(
  imageId: string,
  id: string,
  pool: Partial<PluginVersion['plugin']['pool']>,
): PluginVersion {
  const version = makeVersion({ name: 'once', protocol: 'json', pipelines: ['*'] });
  const plugin = { ...version.plugin, pool: { ...version.plugin.pool, ...pool } };
  return { ...version, id, plugin, imageId, command: PLUGIN_COMMAND, workingDir: '/' };
}

async function runDocker(dockerHost: string, args: readonly string[], input: Uint8Array): Promise<Times> {
  const startedMs = performance.now();
  const child = spawn('docker', ['-H', dockerHost, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  let firstByteMs = Number.NaN;
  child.stdout.once('data', () => (firstByteMs = performance.now() - startedMs));
  child.stdout.resume();
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`docker ${String(args[0])} ended with ${String(code)}`);
  return { firstByteMs, settledMs: performance.now() - startedMs };
}
