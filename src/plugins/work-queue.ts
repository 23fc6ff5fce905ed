// Work on folders, one piece at a time, each folder at most once in the queue. Work must not reject: its faults belong to its folder.
export class WorkQueue {
  readonly #work: (folder: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  #current: string | null = null;
  #idle: PromiseWithResolvers<undefined> | null = null;
  #isClosed = false;

  constructor(work: (folder: string) => Promise<void>) {
    this.#work = work;
  }

  /** Adds a folder; one that is being worked on is worked on again. */
  add(folder: string): void {
    if (this.#isClosed) return;
    this.#waiting.add(folder);
    this.#idle ??= Promise.withResolvers();
    if (this.#current === null) void this.#run();
  }

  /** Takes a folder out that was not begun yet. */
  drop(folder: string): void {
    this.#waiting.delete(folder);
  }

  isPending(folder: string): boolean {
    return this.#waiting.has(folder) || this.#current === folder;
  }

  /** Resolves when nothing waits and nothing is worked on. */
  async whenIdle(): Promise<void> {
    await this.#idle?.promise;
  }

  /** Drops what waits; resolves when the current piece has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.clear();
    await this.whenIdle();
  }

  async #run(): Promise<void> {
    for (const folder of this.#waiting) {
      this.#waiting.delete(folder);
      this.#current = folder;
      await this.#work(folder);
    }
    this.#current = null;
    this.#idle?.resolve(undefined);
    this.#idle = null;
  }
}
