// The requests about containers. AutoRemove is never used (it loses the exit code), nor exec, nor the archive endpoints.
import { Socket } from 'node:net';
import type Docker from 'dockerode';
import { GantryError } from '../../core/errors/gantry-error.ts';
import { isJsonObject } from '../../core/json.ts';
import type { Attachment, ContainerFacts, ContainerSpec, ContainerSummary } from '../../core/ports/container-engine.ts';
import { SocketAttachment } from './attachment.ts';
import type { EngineCalls } from './engine-calls.ts';
import { EngineRefusal, refusalStatus } from './engine-errors.ts';
import { INSTANCE_LABEL } from './instance-label.ts';
import { readContainer, readSummaries } from './read-answers.ts';
import { waitExit } from './wait-exit.ts';

const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const UNSTARTABLE =
  /executable file not found|no such file or directory|permission denied|is a directory|not a directory|exec format error|no command specified/i;
const NOT_RUNNING = /not running|no such process|process already finished|already (exited|stopped)|no such container/i;

export class Containers {
  readonly #docker: Docker;
  readonly #calls: EngineCalls;
  readonly #instanceId: string;

  constructor(docker: Docker, calls: EngineCalls, instanceId: string) {
    this.#docker = docker;
    this.#calls = calls;
    this.#instanceId = instanceId;
  }

  async create(name: string, spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    const given = isJsonObject(spec.body['Labels']) ? spec.body['Labels'] : {};
    const body = { ...spec.body, Labels: { ...given, [INSTANCE_LABEL]: this.#instanceId } };
    try {
      return await this.#calls.run('create', signal, async (abortSignal) => {
        // Without `_query` the whole body would be written into the address, too.
        const request = { _query: { name: safeId(name) }, _body: body, abortSignal };
        const { id } = await this.#docker.createContainer(request);
        return safeId(id);
      });
    } catch (thrown) {
      if (thrown instanceof EngineRefusal && thrown.status === 404 && /no such image/i.test(thrown.reason)) {
        throw new GantryError('IMAGE_MISSING', thrown.reason, { cause: thrown });
      }
      throw thrown;
    }
  }

  async inspect(id: string, signal: AbortSignal): Promise<ContainerFacts | null> {
    try {
      return await this.#calls.run('inspect', signal, async (abortSignal) =>
        readContainer(await this.#container(id).inspect({ abortSignal })),
      );
    } catch (thrown) {
      if (refusalStatus(thrown) === 404) return null;
      throw thrown;
    }
  }

  async attach(id: string, signal: AbortSignal): Promise<Attachment> {
    return await this.#calls.run(
      'attach',
      signal,
      async (abortSignal) => {
        // Without `hijack` the end of stdin would destroy the connection, and the output with it.
        const streams = { stream: true, hijack: true, stdin: true, stdout: true, stderr: true };
        const socket = await this.#container(id).attach({ ...streams, abortSignal });
        if (!(socket instanceof Socket)) throw new GantryError('DEFECT', 'the attach stream is no socket');
        return new SocketAttachment(socket, this.#calls);
      },
      (late) => {
        late[Symbol.dispose]();
      },
    );
  }

  async waitExit(id: string, signal: AbortSignal): ReturnType<typeof waitExit> {
    return await waitExit(this.#docker, this.#calls, safeId(id), 'next-exit', signal);
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#calls.run('start', signal, (abortSignal) => this.#container(id).start({ abortSignal }));
    } catch (thrown) {
      if (refusalStatus(thrown) === 304) return;
      if (thrown instanceof EngineRefusal && [400, 404].includes(thrown.status) && UNSTARTABLE.test(thrown.reason)) {
        throw new GantryError('START_FAILED', thrown.reason, { cause: thrown });
      }
      throw thrown;
    }
  }

  async kill(id: string, signalName: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<boolean> {
    try {
      await this.#calls.run('kill', signal, (abortSignal) =>
        this.#container(id).kill({ signal: signalName, abortSignal }),
      );
      return true;
    } catch (thrown) {
      if (!(thrown instanceof EngineRefusal)) throw thrown;
      if (thrown.status === 404 || NOT_RUNNING.test(thrown.reason)) return false;
      throw thrown;
    }
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#calls.run('remove', signal, (abortSignal) =>
        this.#container(id).remove({ force: true, v: true, abortSignal }),
      );
    } catch (thrown) {
      if (refusalStatus(thrown) === 404) return;
      if (refusalStatus(thrown) !== 409) throw thrown;
      await this.#untilRemoved(id, signal);
    }
  }

  /**
   * Somebody else is removing it already: the removal is over when the engine says so. It never says so to a wait that began after the end;
   * but then the container is not found any more.
   */
  async #untilRemoved(id: string, signal: AbortSignal): Promise<void> {
    const known = new AbortController();
    const either = AbortSignal.any([signal, known.signal]);
    try {
      const { exit } = await waitExit(this.#docker, this.#calls, safeId(id), 'removed', either);
      if ((await this.inspect(id, signal)) !== null) await exit;
    } catch (thrown) {
      if (refusalStatus(thrown) !== 404) throw thrown;
    } finally {
      known.abort(new Error('the container is known to be gone'));
    }
  }

  async list(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly ContainerSummary[]> {
    const wanted = Object.entries({ ...labels, [INSTANCE_LABEL]: this.#instanceId });
    const filters = { label: wanted.map(([key, value]) => `${key}=${value}`) };
    return await this.#calls.run('list', signal, async (abortSignal) =>
      readSummaries(await this.#docker.listContainers({ all: true, filters, abortSignal })),
    );
  }

  #container(id: string): Docker.Container {
    return this.#docker.getContainer(safeId(id));
  }
}

/** dockerode writes ids into the path as they are. @throws GantryError DEFECT */
function safeId(id: unknown): string {
  if (typeof id === 'string' && ID.test(id)) return id;
  throw new GantryError('DEFECT', `not a container's id or name: ${JSON.stringify(id)}`);
}
