// How much room a file system has left.

export interface DiskSpace {
  /** Share of the folder's file system that is free for everybody, 0 to 1; null where it cannot be told. Never rejects. */
  freeShare(folder: string): Promise<number | null>;
}
