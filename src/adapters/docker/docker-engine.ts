// The container engine port over the Docker Engine API. It starts to follow the engine's events at once and until it is disposed of.
import Docker from 'dockerode';
import type { Clock } from '../../core/ports/clock.ts';
import type {
  Attachment,
  BuildRequest,
  CallOptions,
  ContainerEngine,
  ContainerExit,
  ContainerFacts,
  ContainerSpec,
  ContainerSummary,
  EngineEvent,
  EngineFacts,
  ImageFacts,
} from '../../core/ports/container-engine.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type { Logger } from '../../core/ports/logger.ts';
import { ImageBuilder } from './build-image.ts';
import { Containers } from './containers.ts';
import { parseEngineAddress, type EngineAddress } from './engine-address.ts';
import { EngineCalls } from './engine-calls.ts';
import { EngineEvents } from './engine-events.ts';
import { Images } from './images.ts';
import { readFacts } from './read-answers.ts';

export interface DockerEngineOptions {
  /** text of DOCKER_HOST; null or empty: the default socket */
  readonly dockerHost: string | null;
  /** value of the label `io.gantry.instance` that everything made here carries */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly logger: Logger;
}

/** What dockerode's types leave out: both requests take a signal. */
interface Introspection {
  version(options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
  info(options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
}

export class DockerEngine implements ContainerEngine {
  readonly #docker: Docker;
  readonly #calls: EngineCalls;
  readonly #engineEvents: EngineEvents;
  readonly #containers: Containers;
  readonly #images: Images;
  readonly #builder: ImageBuilder;

  /** @throws GantryError CONFIG_INVALID for an address that is not supported */
  constructor(options: DockerEngineOptions) {
    const { clock, events, logger, instanceId } = options;
    const address = parseEngineAddress(options.dockerHost);
    this.#docker = connect(address);
    this.#calls = new EngineCalls({ address, clock, events });
    this.#engineEvents = new EngineEvents({
      docker: this.#docker,
      calls: this.#calls,
      instanceId,
      clock,
      events,
      logger,
    });
    this.#containers = new Containers(this.#docker, this.#calls, instanceId);
    this.#images = new Images(this.#docker, this.#calls);
    this.#builder = new ImageBuilder({
      docker: this.#docker,
      calls: this.#calls,
      images: this.#images,
      instanceId,
      clock,
    });
  }

  async facts({ signal }: CallOptions): Promise<EngineFacts> {
    const docker = this.#docker as unknown as Introspection;
    const version = await this.#calls.run('version', signal, (abortSignal) => docker.version({ abortSignal }));
    const system = await this.#calls.run('info', signal, (abortSignal) => docker.info({ abortSignal }));
    return readFacts(version, system, this.#calls.address.kind === 'unix');
  }

  isConnected(): boolean {
    return this.#engineEvents.isConnected();
  }

  onEvent(listener: (event: EngineEvent) => void): Disposable {
    return this.#engineEvents.onEvent(listener);
  }

  onConnection(listener: (lost: string | null) => void): Disposable {
    return this.#engineEvents.onConnection(listener);
  }

  async createContainer(name: string, spec: ContainerSpec, { signal }: CallOptions): Promise<string> {
    return await this.#containers.create(name, spec, signal);
  }

  async inspectContainer(id: string, { signal }: CallOptions): Promise<ContainerFacts | null> {
    return await this.#containers.inspect(id, signal);
  }

  async attach(id: string, { signal }: CallOptions): Promise<Attachment> {
    return await this.#containers.attach(id, signal);
  }

  async waitExit(id: string, { signal }: CallOptions): Promise<{ readonly exit: Promise<ContainerExit> }> {
    return await this.#containers.waitExit(id, signal);
  }

  async startContainer(id: string, { signal }: CallOptions): Promise<void> {
    await this.#containers.start(id, signal);
  }

  async killContainer(id: string, signalName: 'SIGTERM' | 'SIGKILL', { signal }: CallOptions): Promise<boolean> {
    return await this.#containers.kill(id, signalName, signal);
  }

  async removeContainer(id: string, { signal }: CallOptions): Promise<void> {
    await this.#containers.remove(id, signal);
  }

  async listContainers(
    labels: Readonly<Record<string, string>>,
    { signal }: CallOptions,
  ): Promise<readonly ContainerSummary[]> {
    return await this.#containers.list(labels, signal);
  }

  async inspectImage(reference: string, { signal }: CallOptions): Promise<ImageFacts | null> {
    return await this.#images.inspect(reference, signal);
  }

  async pullImage(reference: string, { signal }: CallOptions): Promise<void> {
    await this.#images.pull(reference, signal);
  }

  async tagImage(reference: string, repository: string, tag: string, { signal }: CallOptions): Promise<void> {
    await this.#images.tag(reference, repository, tag, signal);
  }

  async removeImage(reference: string, { signal }: CallOptions): Promise<boolean> {
    return await this.#images.removeUnused(reference, signal);
  }

  async listImages(labels: Readonly<Record<string, string>>, { signal }: CallOptions): Promise<readonly ImageFacts[]> {
    return await this.#images.list(labels, signal);
  }

  async buildImage(request: BuildRequest, { signal }: CallOptions): Promise<{ readonly imageId: string }> {
    return await this.#builder.build(request, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#builder[Symbol.asyncDispose]();
    await this.#engineEvents[Symbol.asyncDispose]();
  }
}

/** dockerode fills every field we leave open from the environment, so each is given: the host empty for a unix socket, no time-out. */
function connect(address: EngineAddress): Docker {
  const fixed = { protocol: 'http', timeout: 0 } as const;
  return address.kind === 'unix'
    ? new Docker({ ...fixed, host: '', socketPath: address.socketPath })
    : new Docker({ ...fixed, host: address.host, port: address.port });
}
