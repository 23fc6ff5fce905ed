// Named pipes as the way to a sandbox's stdin and stdout, for a program that shares host and file system with the engine: the engine then is
// no part of the data's way. Whether it does is not known before a sandbox has opened its pipes: a first byte says so.
import type { SandboxId } from '../ids.ts';
import type { Attachment, CallOptions } from './container-engine.ts';

/** Both pipes of one sandbox, `in` and `out`, in a folder that holds nothing else. Disposing lets go of them and removes the folder; never rejects. */
export interface PipePair extends AsyncDisposable {
  /** absolute path on this host */
  readonly folder: string;
  /** Settles when the first byte came through, which is taken out: the sandbox has opened both pipes. Never rejects. */
  readonly opened: Promise<undefined>;
  readonly isOpened: boolean;
  /** stdin and stdout by the pipes, stderr by the engine's stream. Call it once, before the container starts. */
  join(engine: Attachment): Attachment;
}

export interface NamedPipes {
  /**
   * Makes the folder and opens this side of both pipes, which waits for nobody. We alone can write into `in` and read from `out`; of all others
   * only the group can use them the other way round. When this process dies, however it dies, the sandbox sees the end of its input.
   * @throws GantryError START_FAILED when this host cannot make them
   */
  make(id: SandboxId, groupId: number, options: CallOptions): Promise<PipePair>;
  /** Removes what an earlier life of the instance left. Call it before the first `make`. Never rejects. */
  sweep(): Promise<void>;
}
