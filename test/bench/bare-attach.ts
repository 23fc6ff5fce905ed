// The reference of the warm benchmark: one hot container with the sandbox's own hardening, a JSON line written and a JSON line read over the
// engine's attach stream, and nothing else. No protocol, no limits, no record: what any plain worker costs. `echo` is the transport alone.
import { once } from 'node:events';
import Docker from 'dockerode';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { containerSpec, type ContainerSettings } from '../../src/sandbox/container-spec.ts';

type ContainerOwner = Pick<ContainerSettings, 'instanceId' | 'workerId'>;

const LINE_FEED = 10;
const HEADER_BYTES = 8;
const WORKERS = {
  plain: `import json, sys
for line in sys.stdin.buffer:
  request = json.loads(line)
  sys.stdout.buffer.write(json.dumps({"id": request["invocation"]["id"], "result": {"n": 1}}).encode() + b"\\n")
  sys.stdout.buffer.flush()`,
  echo: 'import sys\nfor line in sys.stdin.buffer:\n sys.stdout.buffer.write(line)\n sys.stdout.buffer.flush()',
};

export class BareAttach implements AsyncDisposable {
  readonly #container: Docker.Container;
  readonly #stream: NodeJS.ReadWriteStream;

  private constructor(container: Docker.Container, stream: NodeJS.ReadWriteStream) {
    this.#container = container;
    this.#stream = stream;
  }

  /** @param owner a worker that lives: the container of another would be taken for an orphan. @param version whose image and limits it has */
  static async start(
    dockerHost: string,
    owner: ContainerOwner,
    version: PluginVersion,
    worker: keyof typeof WORKERS,
  ): Promise<BareAttach> {
    const docker = new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') });
    const ids = new SystemIds();
    const settings = { ...owner, hasAppArmor: false };
    const bareVersion = { ...version, command: ['/usr/bin/python3', '-c', WORKERS[worker]] };
    const { body } = containerSpec(bareVersion, settings, 9_999, ids.newId('sbx'));
    const container = await docker.createContainer(body);
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    await container.start();
    const bare = new BareAttach(container, stream);
    await bare.echo(Buffer.from('{"invocation":{"id":"first"}}\n'));
    return bare;
  }

  /** Milliseconds from the request as a value to its answer as a value. */
  async call(request: unknown): Promise<number> {
    const startedMs = performance.now();
    JSON.parse(await this.#exchange(`${JSON.stringify(request)}\n`));
    return performance.now() - startedMs;
  }

  /** Milliseconds from the write of the line to the end of the answer's. */
  async echo(line: Uint8Array): Promise<number> {
    const startedMs = performance.now();
    await this.#exchange(line);
    return performance.now() - startedMs;
  }

  /** The first line of an answer, its frame's header taken off. */
  async #exchange(line: Uint8Array | string): Promise<string> {
    this.#stream.write(line);
    const chunks: Buffer[] = [];
    for (;;) {
      const [chunk] = (await once(this.#stream, 'data')) as [Buffer];
      chunks.push(chunk);
      if (chunk.at(-1) === LINE_FEED) return Buffer.concat(chunks).toString('utf8', HEADER_BYTES);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#container.remove({ force: true });
  }
}
