// One container of the fake engine: a program of the test's in place of a process. It has no clock: a program ends, or is killed.
//   created → running → exited
import type { JsonObject } from '../../../src/core/json.ts';
import { isJsonObject } from '../../../src/core/json.ts';
import type { ContainerExit, ContainerFacts, OutputStream } from '../../../src/core/ports/container-engine.ts';
import { BoundedPipe } from './bounded-pipe.ts';

interface OutputChunk {
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** What a program sees of its container. */
export interface FakeProcess {
  /** stdin; ends when the host half-closes it or the attachment goes */
  readonly input: AsyncIterable<Uint8Array>;
  /** aborts when the container is killed; its exit code is fixed by then */
  readonly killed: AbortSignal;
  /** the create request */
  readonly body: JsonObject;
  stdout(bytes: Uint8Array | string): Promise<void>;
  stderr(bytes: Uint8Array | string): Promise<void>;
  /** Ends the container as the kernel's out-of-memory killer would: exit code 137, marked. */
  oom(): Promise<never>;
  /** Marks the container as one in which the kernel killed a child for memory; it goes on. */
  oomOfChild(): void;
}

/** Resolves to the exit code. A program that throws exits with 1. */
export type FakeProgram = (process: FakeProcess) => Promise<number> | number;

export type EmitAction = (action: string, exitCode: number | null) => void;

const NEVER = new Promise<never>(() => undefined);

export class FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly body: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly input = new BoundedPipe<Uint8Array>((bytes) => bytes.length);
  readonly output = new BoundedPipe<OutputChunk>((chunk) => chunk.bytes.length);
  readonly #emit: EmitAction;
  readonly #killed = new AbortController();
  readonly #exits = new Set<(exit: ContainerExit) => void>();
  #state: 'created' | 'running' | 'exited' = 'created';
  #exitCode = 0;
  #isOomKilled = false;
  #isAttached = false;

  constructor(
    identity: { readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>> },
    body: JsonObject,
    emit: EmitAction,
  ) {
    this.id = identity.id;
    this.name = identity.name;
    this.labels = identity.labels;
    this.body = body;
    this.#emit = emit;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** The image, then entry point and command as one list. */
  get command(): readonly string[] {
    const words = [this.body['Entrypoint'], this.body['Cmd']].flat();
    return words.filter((word): word is string => typeof word === 'string');
  }

  facts(): ContainerFacts {
    const { HostConfig, ...config } = this.body;
    const state = { Running: this.isRunning, OOMKilled: this.#isOomKilled, ExitCode: this.#exitCode };
    const body: JsonObject = {
      Id: this.id,
      Name: `/${this.name}`,
      State: { ...state, Pid: this.isRunning ? 4242 : 0 },
      Config: { ...config, Labels: { ...this.labels } },
      HostConfig: isJsonObject(HostConfig) ? HostConfig : {},
      Mounts: [],
    };
    return {
      id: this.id,
      isRunning: this.isRunning,
      isOomKilled: this.#isOomKilled,
      exitCode: this.#exitCode,
      pid: this.isRunning ? 4242 : 0,
      body,
    };
  }

  attach(): void {
    this.#isAttached = true;
  }

  start(program: FakeProgram): void {
    this.#state = 'running';
    if (!this.#isAttached) this.output.discard();
    this.#emit('start', null);
    void this.#run(program);
  }

  nextExit(): Promise<ContainerExit> {
    const exit = Promise.withResolvers<ContainerExit>();
    this.#exits.add(exit.resolve);
    return exit.promise;
  }

  /** Ends a running container with the code; nothing else can change its code any more. */
  kill(exitCode: number): void {
    if (!this.isRunning) return;
    this.#finish(exitCode);
    this.#killed.abort(new Error('killed'));
  }

  /** The container goes; whoever waits for an exit that will not come is answered as the engine does. */
  destroy(): void {
    this.kill(137);
    this.output.end();
    this.#settle({ exitCode: this.#exitCode });
    this.#emit('destroy', null);
  }

  async #run(program: FakeProgram): Promise<void> {
    const process: FakeProcess = {
      input: this.input.read(),
      killed: this.#killed.signal,
      body: this.body,
      stdout: (bytes) => this.#print('stdout', bytes),
      stderr: (bytes) => this.#print('stderr', bytes),
      oom: async () => {
        this.#markOom();
        this.kill(137);
        return await NEVER;
      },
      oomOfChild: () => {
        this.#markOom();
      },
    };
    let exitCode = 1;
    try {
      exitCode = await program(process);
    } catch {
      exitCode = 1;
    }
    if (this.isRunning) this.#finish(exitCode);
  }

  async #print(stream: OutputStream, bytes: Uint8Array | string): Promise<void> {
    if (!this.isRunning) return await NEVER;
    await this.output.write({ stream, bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes });
  }

  #markOom(): void {
    this.#isOomKilled = true;
    this.#emit('oom', null);
  }

  #finish(exitCode: number): void {
    this.#state = 'exited';
    this.#exitCode = exitCode;
    this.output.end();
    this.input.break(new Error('nobody reads any more'));
    this.#emit('die', exitCode);
    this.#settle({ exitCode });
  }

  #settle(exit: ContainerExit): void {
    for (const settle of this.#exits) settle(exit);
    this.#exits.clear();
  }
}
