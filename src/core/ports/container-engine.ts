// What Gantry needs of a container engine. Every call takes a signal and settles when it aborts; a lost engine rejects every open call
// with DOCKER_UNAVAILABLE (a dead daemon looks like a finished plugin, so ends of streams alone prove nothing).
// Order per container: create → attach → waitExit (before start) → start → … → kill → remove.
import type { JsonObject } from '../json.ts';

export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface EngineFacts {
  readonly engineVersion: string;
  readonly apiVersion: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly cgroupVersion: 1 | 2;
  readonly cgroupDriver: string;
  readonly runtimes: readonly string[];
  /** what containers run on unless they ask for another one */
  readonly defaultRuntime: string;
  /** of the kernel that containers run on, as `uname -r` says it */
  readonly kernelVersion: string;
  /** reached over a unix socket */
  readonly isOnSocket: boolean;
  readonly hasAppArmor: boolean;
  readonly hasSeccomp: boolean;
  /** the engine's data folder, as the engine's host names it */
  readonly dataRoot: string;
  /** things that `doctor` passes on */
  readonly warnings: readonly string[];
}

/** A create request: the body of the Engine API's `POST /containers/create`, made by one pure function. */
export interface ContainerSpec {
  readonly body: JsonObject;
}

/** What the engine says it made: the JSON of inspect. */
export interface ContainerFacts {
  readonly id: string;
  readonly isRunning: boolean;
  readonly isOomKilled: boolean;
  readonly exitCode: number;
  readonly pid: number;
  readonly body: JsonObject;
}

export interface ContainerExit {
  readonly exitCode: number;
}

export type OutputStream = 'stdout' | 'stderr';

/** Gets the pieces of output in order of arrival. The bytes are valid until it returns; it must not throw. */
export type OutputListener = (stream: OutputStream, bytes: Uint8Array) => void;

/**
 * The container's stdin, stdout and stderr, by whatever way they travel. Nothing is read before `read`: the plugin's writes stop until then, and
 * nothing is buffered without bound.
 */
export interface Attachment extends Disposable {
  /**
   * Lets the output come, once. Settles at its end, which may be the engine's death, and when the attachment is disposed of.
   * Rejects: GantryError DOCKER_UNAVAILABLE.
   */
  read(listener: OutputListener): Promise<void>;
  /**
   * Takes the bytes; the caller leaves them as they are. True: they have left our memory. False: wait for `flushed` before the next ones, or
   * a plugin that does not read fills it. Never throws.
   */
  write(bytes: Uint8Array): boolean;
  /** Settles when all that was written has left our memory; rejects when the stream is gone or the signal aborts. */
  flushed(options: CallOptions): Promise<void>;
  /** Half-closes stdin: the plugin sees end of input. */
  closeInput(): void;
}

export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

export interface EngineEvent {
  readonly type: 'container' | 'image' | 'other';
  /** `die`, `oom`, `destroy`, … */
  readonly action: string;
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** of a `die`; null else */
  readonly exitCode: number | null;
}

export interface ContainerEngine extends AsyncDisposable {
  facts(options: CallOptions): Promise<EngineFacts>;
  /** Whether the event stream stands at this moment. */
  isConnected(): boolean;
  /** Events of containers that carry the label `key=value`, until the engine is lost or the listener is removed. Listeners must not throw. */
  onEvent(listener: (event: EngineEvent) => void): Disposable;
  /** Called with the message when the engine is lost and with null when it is back. */
  onConnection(listener: (lost: string | null) => void): Disposable;

  createContainer(name: string, spec: ContainerSpec, options: CallOptions): Promise<string>;
  inspectContainer(id: string, options: CallOptions): Promise<ContainerFacts | null>;
  attach(id: string, options: CallOptions): Promise<Attachment>;
  /** Registers for the container's next exit; resolves `registered` as soon as the engine took the request. */
  waitExit(id: string, options: CallOptions): Promise<{ readonly exit: Promise<ContainerExit> }>;
  /** @throws GantryError START_FAILED when the command cannot be started (Engine 400 with "executable", "no such file", …) */
  startContainer(id: string, options: CallOptions): Promise<void>;
  /** True when the signal was delivered; false when the container was not running or gone. */
  killContainer(id: string, signalName: 'SIGTERM' | 'SIGKILL', options: CallOptions): Promise<boolean>;
  /** Removes with volumes, by force; removing what is gone is no error. */
  removeContainer(id: string, options: CallOptions): Promise<void>;
  /** Only for the reaper, `gc` and `doctor`; never on the path of an invocation. */
  listContainers(labels: Readonly<Record<string, string>>, options: CallOptions): Promise<readonly ContainerSummary[]>;

  inspectImage(reference: string, options: CallOptions): Promise<ImageFacts | null>;
  /** @throws GantryError IMAGE_MISSING */
  pullImage(reference: string, options: CallOptions): Promise<void>;
  tagImage(reference: string, repository: string, tag: string, options: CallOptions): Promise<void>;
  /**
   * Removes a tag, or the image with its last one or by its id; never by force. True: it is gone, or was. False: a container or another
   * image needs it, or more than one tag names it, and it stays.
   */
  removeImage(reference: string, options: CallOptions): Promise<boolean>;
  /** Only for `gc`; never on the path of an invocation. */
  listImages(labels: Readonly<Record<string, string>>, options: CallOptions): Promise<readonly ImageFacts[]>;
  /**
   * Builds from the given entries. Every output line is handed over as it comes.
   * @throws GantryError BUILD_FAILED with the failing line, BASE_IMAGE_MISSING, BUILD_TIMEOUT
   */
  buildImage(request: BuildRequest, options: CallOptions): Promise<{ readonly imageId: string }>;
}

/** One checked file of a build context, with the bytes that were checked. */
export interface ContextEntry {
  /** relative, `/`-separated */
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

export interface BuildRequest {
  readonly tag: string;
  /** the text of the Dockerfile; it is sent beside the entries and no COPY can see it */
  readonly dockerfile: string;
  readonly entries: readonly ContextEntry[];
  readonly labels: Readonly<Record<string, string>>;
  readonly isNetworked: boolean;
  readonly memoryBytes: number;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** What its stages made stays for the next build of the kind, at the longest until the engine is disposed of: for builds at each save. */
  readonly keepsStages?: boolean;
  onLine(line: string): void;
}

export interface ImageFacts {
  readonly id: string;
  readonly tags: readonly string[];
  readonly sizeBytes: number;
  /** of the layers that no other image has; only in a list, and only where the engine says it */
  readonly ownBytes?: number;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** `Config` of the image as the engine gives it */
  readonly config: JsonObject;
}
