// A container engine in memory, proven by the contract suite. What a container does is a program chosen by its command. `calls` holds up or
// refuses requests, `lose` and `find` cut and mend the connection; nothing ends by time.
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { isJsonObject, type JsonObject } from '../../../src/core/json.ts';
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
} from '../../../src/core/ports/container-engine.ts';
import { FakeAttachment } from './fake-attachment.ts';
import { FakeCalls } from './fake-calls.ts';
import { FakeContainer, type FakeProgram } from './fake-container.ts';
import { FakeImages } from './fake-images.ts';

const INSTANCE_LABEL = 'io.gantry.instance';

export interface FakeEngineOptions {
  /** The program behind a command; null: it cannot be started. */
  readonly program: (command: readonly string[], image: string) => FakeProgram | null;
  readonly instanceId?: string;
  /** tags that stand from the start */
  readonly images?: readonly string[];
  readonly facts?: Partial<EngineFacts>;
  /** Changes what inspect shows, for an engine that makes something else than asked. */
  readonly alterInspect?: (body: JsonObject) => JsonObject;
}

const FACTS: EngineFacts = {
  engineVersion: '28.0.0',
  apiVersion: '1.48',
  cpus: 2,
  memoryBytes: 4 * 1024 ** 3,
  cgroupVersion: 2,
  cgroupDriver: 'systemd',
  runtimes: ['runc'],
  hasAppArmor: false,
  hasSeccomp: true,
  dataRoot: '/var/lib/docker',
  defaultRuntime: 'runc',
  kernelVersion: 'fake',
  isOnSocket: false,
  warnings: [],
};

export class FakeEngine implements ContainerEngine {
  readonly calls = new FakeCalls();
  readonly images = new FakeImages();
  readonly containers = new Map<string, FakeContainer>();
  readonly #options: FakeEngineOptions;
  readonly #eventListeners = new Set<(event: EngineEvent) => void>();
  readonly #connectionListeners = new Set<(lost: string | null) => void>();
  #made = 0;

  constructor(options: FakeEngineOptions) {
    this.#options = options;
    for (const tag of options.images ?? []) this.images.add(tag);
  }

  /** Cuts the connection: open calls and streams reject, containers go on without stdin. */
  lose(message = 'the event stream ended'): void {
    this.calls.lose(message);
    for (const listener of [...this.#connectionListeners]) listener(message);
  }

  /** Mends the connection. */
  find(): void {
    this.calls.find();
    for (const listener of [...this.#connectionListeners]) listener(null);
  }

  facts(options: CallOptions): Promise<EngineFacts> {
    return this.calls.run('facts', options, () => ({ ...FACTS, ...this.#options.facts }));
  }

  isConnected(): boolean {
    return this.calls.lost === null;
  }

  onEvent(listener: (event: EngineEvent) => void): Disposable {
    this.#eventListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#eventListeners.delete(listener) };
  }

  onConnection(listener: (lost: string | null) => void): Disposable {
    this.#connectionListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#connectionListeners.delete(listener) };
  }

  createContainer(name: string, spec: ContainerSpec, options: CallOptions): Promise<string> {
    return this.calls.run('createContainer', options, () => {
      if ([...this.containers.values()].some((container) => container.name === name)) {
        throw new GantryError('ENGINE_FAILED', `the name ${name} is in use`);
      }
      const image = imageOf(spec.body);
      if (this.images.find(image) === null) throw new GantryError('IMAGE_MISSING', `No such image: ${image}`);
      this.#made += 1;
      const id = this.#made.toString(16).padStart(64, 'c');
      const labels = { ...labelsOf(spec.body), [INSTANCE_LABEL]: this.#options.instanceId ?? 'fake' };
      const container = new FakeContainer({ id, name, labels }, spec.body, (action, exitCode) => {
        this.#emit({ type: 'container', action, id, labels, exitCode });
      });
      this.containers.set(id, container);
      return id;
    });
  }

  inspectContainer(id: string, options: CallOptions): Promise<ContainerFacts | null> {
    return this.calls.run('inspectContainer', options, () => {
      const facts = this.containers.get(id)?.facts() ?? null;
      return facts === null ? null : { ...facts, body: this.#options.alterInspect?.(facts.body) ?? facts.body };
    });
  }

  attach(id: string, options: CallOptions): Promise<Attachment> {
    return this.calls.run('attach', options, () => new FakeAttachment(this.#container(id), this.calls));
  }

  waitExit(id: string, options: CallOptions): Promise<{ readonly exit: Promise<ContainerExit> }> {
    return this.calls.run('waitExit', options, () => {
      const exit = this.calls.until(options.signal, this.#container(id).nextExit());
      exit.catch(() => undefined);
      return { exit };
    });
  }

  startContainer(id: string, options: CallOptions): Promise<void> {
    return this.calls.run('startContainer', options, () => {
      const container = this.#container(id);
      if (container.isRunning) return;
      const program = this.#options.program(container.command, imageOf(container.body));
      if (program === null) {
        throw new GantryError('START_FAILED', `exec: "${container.command[0] ?? ''}": executable file not found`);
      }
      container.start(program);
    });
  }

  killContainer(id: string, signalName: 'SIGTERM' | 'SIGKILL', options: CallOptions): Promise<boolean> {
    return this.calls.run('killContainer', options, () => {
      const container = this.containers.get(id);
      if (container?.isRunning !== true) return false;
      container.kill(signalName === 'SIGKILL' ? 137 : 143);
      return true;
    });
  }

  removeContainer(id: string, options: CallOptions): Promise<void> {
    return this.calls.run('removeContainer', options, () => {
      this.containers.get(id)?.destroy();
      this.containers.delete(id);
    });
  }

  listContainers(labels: Readonly<Record<string, string>>, options: CallOptions): Promise<readonly ContainerSummary[]> {
    return this.calls.run('listContainers', options, () =>
      [...this.containers.values()]
        .filter((container) => Object.entries(labels).every(([key, value]) => container.labels[key] === value))
        .map(({ id, name, labels: own }) => ({ id, name, labels: own, createdAtMs: 0 })),
    );
  }

  inspectImage(reference: string, options: CallOptions): Promise<ImageFacts | null> {
    return this.calls.run('inspectImage', options, () => this.images.find(reference));
  }

  pullImage(reference: string, options: CallOptions): Promise<void> {
    return this.calls.run('pullImage', options, () => {
      this.images.pull(reference);
    });
  }

  tagImage(reference: string, repository: string, tag: string, options: CallOptions): Promise<void> {
    return this.calls.run('tagImage', options, () => {
      this.images.tag(reference, repository, tag);
    });
  }

  removeImage(reference: string, options: CallOptions): Promise<boolean> {
    return this.calls.run('removeImage', options, () => {
      const used = [...this.containers.values()].map((container) => this.images.find(imageOf(container.body))?.id);
      return this.images.remove(reference, new Set(used));
    });
  }

  listImages(labels: Readonly<Record<string, string>>, options: CallOptions): Promise<readonly ImageFacts[]> {
    return this.calls.run('listImages', options, () => this.images.list(labels));
  }

  buildImage(request: BuildRequest, options: CallOptions): Promise<{ readonly imageId: string }> {
    const instance = { [INSTANCE_LABEL]: this.#options.instanceId ?? 'fake' };
    return this.calls.run('buildImage', options, () => this.images.build(request, instance));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.calls.lose('the connection to the Docker Engine was closed');
    for (const container of this.containers.values()) container.kill(137);
    return Promise.resolve();
  }

  #container(id: string): FakeContainer {
    const container = this.containers.get(id);
    if (container === undefined) throw new GantryError('ENGINE_FAILED', `No such container: ${id}`);
    return container;
  }

  #emit(event: EngineEvent): void {
    if (!this.isConnected()) return;
    for (const listener of [...this.#eventListeners]) listener(event);
  }
}

function imageOf(body: JsonObject): string {
  return typeof body['Image'] === 'string' ? body['Image'] : '';
}

function labelsOf(body: JsonObject): Record<string, string> {
  const labels = isJsonObject(body['Labels']) ? body['Labels'] : {};
  return Object.fromEntries(
    Object.entries(labels).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
