// The reference of the warm benchmark: one hot container, a line written and a line read over the engine's attach stream, with the sandbox's
// own hardening and nothing else. No protocol, no limits, no record: what the transport alone costs.
import { once } from 'node:events';
import Docker from 'dockerode';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { containerSpec, type ContainerSettings } from '../../src/sandbox/container-spec.ts';

type ContainerOwner = Pick<ContainerSettings, 'instanceId' | 'workerId'>;

const LINE_FEED = 10;
const ECHO = 'import sys\nfor line in sys.stdin.buffer:\n sys.stdout.buffer.write(line)\n sys.stdout.buffer.flush()';

export class BareAttach implements AsyncDisposable {
  readonly #container: Docker.Container;
  readonly #stream: NodeJS.ReadWriteStream;

  private constructor(container: Docker.Container, stream: NodeJS.ReadWriteStream) {
    this.#container = container;
    this.#stream = stream;
  }

  /** @param owner a worker that lives: the container of another would be taken for an orphan. @param version whose image and limits it has */
  static async start(dockerHost: string, owner: ContainerOwner, version: PluginVersion): Promise<BareAttach> {
    const docker = new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') });
    const ids = new SystemIds();
    const settings = { ...owner, hasAppArmor: false };
    const echo = { ...version, command: ['/usr/bin/python3', '-c', ECHO] };
    const { body } = containerSpec(echo, settings, 9_999, ids.newId('sbx'));
    const container = await docker.createContainer(body);
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    await container.start();
    const bare = new BareAttach(container, stream);
    await bare.call(Buffer.from('{}\n'));
    return bare;
  }

  /** Milliseconds from the write of the line to the end of the answer's. */
  async call(line: Uint8Array): Promise<number> {
    const startedMs = performance.now();
    this.#stream.write(line);
    for (;;) {
      const [chunk] = (await once(this.#stream, 'data')) as [Buffer];
      if (chunk.at(-1) === LINE_FEED) return performance.now() - startedMs;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#container.remove({ force: true });
  }
}
