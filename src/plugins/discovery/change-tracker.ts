// Which folders need work after a scan. A change counts once it stood still for two scans, because an editor or a copy writes many files;
// so does a disappearance. The very first scan counts at once.
export interface Changes {
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

interface Seen {
  /** of the latest scan; null: it was absent */
  signature: string | null;
  /** what was last handed out as changed; null: nothing, or to be handed out again */
  known: string | null;
}

export class ChangeTracker {
  readonly #folders = new Map<string, Seen>();
  #isFirst = true;

  /** @param isImpatient takes every change as it is, without waiting for it to stand still */
  observe(scan: ReadonlyMap<string, string>, isImpatient = false): Changes {
    const counts = isImpatient || this.#isFirst;
    this.#isFirst = false;
    const changed: string[] = [];
    for (const [folder, signature] of scan) {
      const seen = this.#folders.get(folder) ?? { signature: null, known: null };
      const isStill = counts || seen.signature === signature;
      seen.signature = signature;
      this.#folders.set(folder, seen);
      if (!isStill || seen.known === signature) continue;
      seen.known = signature;
      changed.push(folder);
    }
    return { changed, removed: this.#removed(scan, counts) };
  }

  /** The folder is handed out again although it may not have changed. */
  forget(folder: string): void {
    const seen = this.#folders.get(folder);
    if (seen !== undefined) seen.known = null;
  }

  #removed(scan: ReadonlyMap<string, string>, counts: boolean): readonly string[] {
    const removed: string[] = [];
    for (const [folder, seen] of this.#folders) {
      if (scan.has(folder)) continue;
      if (counts || seen.signature === null) {
        this.#folders.delete(folder);
        removed.push(folder);
      } else seen.signature = null;
    }
    return removed;
  }
}
