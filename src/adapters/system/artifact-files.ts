// Bytes of artifacts as files: `<folder>/<aa>/<sha256>`, and for each run that has them a hard link `<folder>/runs/<run>/<sha256>`. So equal bytes
// are on disk once, the file system counts who has them, and a run's own link keeps them readable whatever happens to the others.
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rename, rm, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { RunId } from '../../core/ids.ts';
import type { ArtifactContent, ArtifactUpload } from '../../core/ports/artifact-content.ts';

const HASH = /^[0-9a-f]{64}$/;
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
/** A rival may remove or make the shared file between two looks. */
const ATTEMPTS = 10;

export class ArtifactFiles implements ArtifactContent {
  readonly #folder: string;
  #cleared: Promise<void> | null = null;

  /** @param folder is made when it is needed; of this process alone */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async begin(runId: RunId): Promise<ArtifactUpload> {
    const uploads = join(this.#folder, 'uploads');
    // What an earlier process left half-written.
    this.#cleared ??= rm(uploads, { recursive: true, force: true });
    await this.#cleared;
    await mkdir(uploads, { recursive: true, mode: PRIVATE_FOLDER });
    const path = join(uploads, randomBytes(12).toString('hex'));
    const file = await open(path, 'wx', PRIVATE_FILE);
    return {
      write: async (bytes) => {
        await file.writeFile(bytes);
      },
      finish: async (sha256) => {
        await file.sync();
        await file.close();
        await this.#keep(path, runId, sha256);
        return sha256;
      },
      abort: () => discard(file, path),
    };
  }

  async read(
    { runId, content }: { readonly runId: RunId; readonly content: string },
    offset: number,
    length: number,
  ): Promise<Uint8Array | null> {
    if (!HASH.test(content)) return null;
    try {
      const file = await open(join(this.#runFolder(runId), content), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const buffer = new Uint8Array(length);
        const { bytesRead } = await file.read(buffer, 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isCode(error, 'ENOENT')) return null;
      throw error;
    }
  }

  async share(
    { runId, content }: { readonly runId: RunId; readonly content: string },
    other: RunId,
  ): Promise<string | null> {
    if (!HASH.test(content)) return null;
    const [from, to] = [join(this.#runFolder(runId), content), join(this.#runFolder(other), content)];
    await mkdir(this.#runFolder(other), { recursive: true, mode: PRIVATE_FOLDER });
    const failure = await codeOf(link(from, to));
    if (failure === null || failure === 'EEXIST') return content;
    if (failure === 'ENOENT') return null;
    // A file system without links, or a file that has as many as it may.
    await copyFile(from, to);
    return content;
  }

  async removeOfRun(runId: RunId): Promise<boolean> {
    const folder = this.#runFolder(runId);
    const hashes = await readdir(folder).catch(() => []);
    for (const sha256 of hashes) {
      await rm(join(folder, sha256), { force: true });
      const shared = this.#sharedPath(sha256);
      const links = await stat(shared).catch(() => null);
      // A run that links it in this moment has a link of its own: the bytes stay, only their sharing ends.
      if (links?.nlink === 1) await rm(shared, { force: true });
    }
    await rm(folder, { recursive: true, force: true });
    return true;
  }

  /** Uploads that an earlier process left go with the first one of this process. */
  tidy(): Promise<void> {
    return Promise.resolve();
  }

  #runFolder(runId: RunId): string {
    return join(this.#folder, 'runs', runId);
  }

  #sharedPath(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }

  /** Makes the upload the run's, by way of the file that all runs share. */
  async #keep(path: string, runId: RunId, sha256: string): Promise<void> {
    const [folder, shared] = [this.#runFolder(runId), this.#sharedPath(sha256)];
    const own = join(folder, sha256);
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    await mkdir(join(shared, '..'), { recursive: true, mode: PRIVATE_FOLDER });
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const failure = await codeOf(link(shared, own));
      if (failure === null || failure === 'EEXIST') {
        await unlink(path);
        return;
      }
      if (failure !== 'ENOENT' || !['EEXIST', null].includes(await codeOf(link(path, shared)))) break;
    }
    // A file system without links: the run has bytes of its own.
    await rename(path, own);
  }
}

async function discard(file: FileHandle, path: string): Promise<void> {
  await file.close().catch(() => undefined);
  await rm(path, { force: true }).catch(() => undefined);
}

/** Null when it succeeded. */
async function codeOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
