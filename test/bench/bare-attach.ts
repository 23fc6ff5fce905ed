// The reference of the warm benchmark: one hot container with the sandbox's own hardening, a JSON line written and a JSON line read over the
// engine's attach stream, and nothing else. No protocol, no limits, no record: what any plain worker costs.
import Docker from 'dockerode';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { containerSpec } from '../../src/sandbox/container/container-spec.ts';
import { AnsweredLines } from './answered-lines.ts';
import { bareProgram, PYTHON, type BareWorker } from './bare-worker.ts';

export interface BareAttachOptions {
  readonly dockerHost: string;
  /** whose image and limits it has */
  readonly version: PluginVersion;
  /** `plain` unless given */
  readonly worker?: BareWorker;
}

const FRAME_HEAD = 8;
const STDOUT = 1;
const SLOT = 9_999;
const ids = new SystemIds();
/** An instance of its own: a worker would take what it does not know for an orphan after a minute. */
const OWNER = { instanceId: ids.randomHex(16), workerId: ids.newId('wrk'), hasAppArmor: false };
let started = 0;

export class BareAttach implements AsyncDisposable {
  readonly id: string;
  readonly #container: Docker.Container;
  readonly #lines: AnsweredLines;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(container: Docker.Container, stream: NodeJS.ReadWriteStream) {
    this.id = container.id;
    this.#container = container;
    this.#lines = new AnsweredLines((line) => stream.write(line));
    stream.on('data', (chunk: Buffer) => {
      this.#takeFrames(chunk);
    });
    stream.on('end', () => {
      this.#lines.fail(new Error('the bare container ended'));
    });
  }

  static async start({ dockerHost, version, worker = 'plain' }: BareAttachOptions): Promise<BareAttach> {
    const docker = new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') });
    const bare = { ...version, command: [PYTHON, '-c', bareProgram(worker)] };
    const { body } = containerSpec(bare, OWNER, SLOT + started++, ids.newId('sbx'));
    const container = await docker.createContainer(body);
    try {
      const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
      await container.start();
      const attached = new BareAttach(container, stream);
      await attached.call({ invocation: { id: 'first' }, context: { data: null } });
      return attached;
    } catch (error) {
      await container.remove({ force: true });
      throw error;
    }
  }

  /** Milliseconds from the request as a value to its answer as a value. */
  async call(request: unknown): Promise<number> {
    return await this.#lines.call(request);
  }

  /** Milliseconds from the write of the line to the end of the answer's. */
  async echo(line: Uint8Array): Promise<number> {
    return await this.#lines.echo(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#container.remove({ force: true });
  }

  /** The engine puts a head of eight bytes before each piece: stream, three zeros, length. */
  #takeFrames(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= FRAME_HEAD) {
      const end = FRAME_HEAD + bytes.readUInt32BE(4);
      if (bytes.length < end) break;
      if (bytes[0] === STDOUT) this.#lines.take(bytes.subarray(FRAME_HEAD, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}
