// Runs a version once, the plain way: one container, one request in, what came out. Only to see that the image works.
import type { ContainerEngine } from '../../../src/core/ports/container-engine.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import { soon } from '../engine/test-engine.ts';

export interface PlainRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws GantryError START_FAILED when the command cannot be started */
export async function runVersion(
  engine: ContainerEngine,
  version: Pick<PluginVersion, 'imageId' | 'command' | 'workingDir'>,
  name: string,
  input: string,
): Promise<PlainRun> {
  const body = {
    Image: version.imageId,
    Entrypoint: [...version.command],
    Cmd: [],
    WorkingDir: version.workingDir,
    User: '12345:12345',
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: { NetworkMode: 'none', ReadonlyRootfs: true, PidsLimit: 64, CapDrop: ['ALL'] },
  };
  const id = await engine.createContainer(name, { body }, soon());
  try {
    using attachment = await engine.attach(id, soon());
    const { exit } = await engine.waitExit(id, soon());
    exit.catch(() => undefined);
    await engine.startContainer(id, soon());
    if (!attachment.write(Buffer.from(input))) await attachment.flushed(soon());
    attachment.closeInput();
    const text = { stdout: '', stderr: '' };
    await attachment.read((stream, bytes) => void (text[stream] += Buffer.from(bytes).toString()));
    return { ...text, exitCode: (await exit).exitCode };
  } finally {
    await engine.removeContainer(id, soon());
  }
}

/** A request document of protocol 1. */
export function requestDocument(data: unknown, config: unknown = {}): string {
  return JSON.stringify({
    protocol: '1.0',
    method: 'run',
    invocation: {
      id: 'inv_x',
      nonce: 'n',
      attempt: 1,
      idempotencyKey: 'k',
      deadline: '2100-01-01T00:00:00.000Z',
      timeoutMs: 60000,
      traceparent: '',
    },
    context: {
      run: { id: 'run_x', pipeline: 'default', trigger: 'cli' },
      hook: 'fetch',
      params: {},
      data,
      results: {},
    },
    config,
    secrets: {},
  });
}
