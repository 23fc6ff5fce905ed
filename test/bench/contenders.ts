// The references of the invocation benchmark: `docker run` per request, and the shortest dockerode loop; both with the sandbox's own limits.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import Docker from 'dockerode';

/** The plugin of the benchmark: reads a document, answers with its size. Given to every contender alike. */
export const PLUGIN_COMMAND = [
  'python3',
  '-c',
  'import json,sys; print(json.dumps({"status": "success", "data": {"bytes": len(json.dumps(json.load(sys.stdin)))}}))',
] as const;
export const IMAGE = 'gantry/base-python:1';

export interface Times {
  readonly firstByteMs: number;
  readonly settledMs: number;
}

/** `docker run --rm -i` from the command line. */
export async function runClassic(dockerHost: string, input: Uint8Array): Promise<Times> {
  const startedMs = performance.now();
  const hardened = ['--network', 'none', '--read-only', '--cap-drop', 'ALL', '--pids-limit', '64', '--memory', '128m'];
  const child = spawn('docker', ['-H', dockerHost, 'run', '--rm', '-i', ...hardened, IMAGE, ...PLUGIN_COMMAND], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let firstByteMs = Number.NaN;
  child.stdout.once('data', () => (firstByteMs = performance.now() - startedMs));
  child.stdout.resume();
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`docker run ended with ${String(code)}`);
  return { firstByteMs, settledMs: performance.now() - startedMs };
}

/** create, attach, start, wait, remove: what a program without a pool does. */
export async function runBare(dockerHost: string, input: Uint8Array): Promise<Times> {
  const docker = new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') });
  const startedMs = performance.now();
  const container = await docker.createContainer({
    Image: IMAGE,
    Cmd: [...PLUGIN_COMMAND],
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: { NetworkMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'], PidsLimit: 64, Memory: 128 * 1024 ** 2 },
  });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  let firstByteMs = Number.NaN;
  stream.once('data', () => (firstByteMs = performance.now() - startedMs));
  stream.resume();
  const ended = once(stream, 'end');
  const exited = container.wait({ condition: 'next-exit' }) as Promise<{ StatusCode: number }>;
  await container.start();
  stream.end(input);
  const [{ StatusCode }] = await Promise.all([exited, ended]);
  const settledMs = performance.now() - startedMs;
  await container.remove();
  if (StatusCode !== 0) throw new Error(`the container ended with ${String(StatusCode)}`);
  return { firstByteMs, settledMs };
}
