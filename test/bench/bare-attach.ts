// The reference of the warm benchmark: one hot container, a line written and a line read over the engine's attach stream, with the sandbox's
// own hardening and nothing else. No protocol, no limits, no record: what the transport alone costs.
import { once } from 'node:events';
import Docker from 'dockerode';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { containerSpec } from '../../src/sandbox/container-spec.ts';

const LINE_FEED = 10;
const ECHO = 'import sys\nfor line in sys.stdin.buffer:\n sys.stdout.buffer.write(line)\n sys.stdout.buffer.flush()';

export class BareAttach implements AsyncDisposable {
  readonly #container: Docker.Container;
  readonly #stream: NodeJS.ReadWriteStream;

  private constructor(container: Docker.Container, stream: NodeJS.ReadWriteStream) {
    this.#container = container;
    this.#stream = stream;
  }

  /** @param version the plugin that it stands beside: its image and its limits */
  static async start(dockerHost: string, instanceId: string, version: PluginVersion): Promise<BareAttach> {
    const docker = new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') });
    const ids = new SystemIds();
    const settings = { instanceId, workerId: ids.newId('wrk'), hasAppArmor: false };
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
