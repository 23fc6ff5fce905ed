// Makes the named pipes of sandboxes below the data folder, and opens our side of them. Nothing here can hang: a
// pipe is opened without waiting for its other side, which in a thread of the pool would keep that thread for ever.
import { close, constants, open } from 'node:fs';
import { chmod, chown, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { SandboxId } from '../../core/ids.ts';
import type { CallOptions } from '../../core/ports/container-engine.ts';
import type { NamedPipes, PipePair } from '../../core/ports/named-pipes.ts';
import { FifoMaker } from './fifo-maker.ts';
import { FifoPair, type PairFds } from './fifo-pair.ts';

const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/**
 * Who may do what. As root the group gets its part. Anybody else cannot give a file to another group: then it is everybody's part, and the
 * folder above, which only its owner can enter, keeps everybody on this host out; in a sandbox there is no folder above.
 */
const MODES = {
  root: { folder: 0o710, in: 0o640, out: 0o620 },
  user: { folder: 0o711, in: 0o604, out: 0o602 },
} as const;

export class FifoPipes implements NamedPipes, Disposable {
  readonly #folder: string;
  readonly #maker = new FifoMaker();

  /** @param folder below which each sandbox gets a folder of its own; made when missing */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async make(id: SandboxId, groupId: number, { signal }: CallOptions): Promise<PipePair> {
    let folder: string | null = null;
    try {
      folder = join(await this.#open(), id);
      await mkdir(folder, { mode: 0o700 });
      const [input, output] = [join(folder, 'in'), join(folder, 'out')];
      await this.#maker.make(folder, signal);
      await handOver(folder, input, output, groupId);
      return new FifoPair(folder, await openEnds(input, output));
    } catch (error) {
      if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
      signal.throwIfAborted();
      throw new GantryError('START_FAILED', `no named pipes can be made here: ${messageOf(error)}`, { cause: error });
    }
  }

  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names)
      await rm(join(this.#folder, name), { recursive: true, force: true }).catch(() => undefined);
  }

  /** Lets go of what makes pipes; those that stand are left as they are. */
  [Symbol.dispose](): void {
    this.#maker[Symbol.dispose]();
  }

  /** The folder's path without links, as the engine must be told it. */
  async #open(): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await chmod(this.#folder, 0o700);
    return await realpath(this.#folder);
  }
}

/** The sandbox's user owns nothing here, so that it may change nothing. */
async function handOver(folder: string, input: string, output: string, groupId: number): Promise<void> {
  const ownId = process.getuid?.() ?? -1;
  const modes = ownId === 0 ? MODES.root : MODES.user;
  for (const [path, mode] of [
    [input, modes.in],
    [output, modes.out],
    [folder, modes.folder],
  ] as const) {
    if (ownId === 0) await chown(path, ownId, groupId);
    await chmod(path, mode);
  }
}

async function openEnds(input: string, output: string): Promise<PairFds> {
  const fds: number[] = [];
  const openPipe = async (path: string, flags: number): Promise<number> => {
    const fd = await promisify(open)(path, flags | O_NONBLOCK);
    fds.push(fd);
    return fd;
  };
  try {
    // In this order: a pipe that nobody reads cannot be opened for writing.
    const keeperFd = await openPipe(input, O_RDWR);
    const inputFd = await openPipe(input, O_WRONLY);
    return { keeperFd, inputFd, outputFd: await openPipe(output, O_RDONLY) };
  } catch (error) {
    for (const fd of fds) close(fd, () => undefined);
    throw error;
  }
}
