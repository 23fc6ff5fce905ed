// Where the bytes of artifacts are. They belong to a run and go with it; equal bytes may be kept once for many runs.
import type { RunId } from '../ids.ts';

export interface ContentOptions {
  readonly signal: AbortSignal;
}

/** Bytes on their way in. Nothing of it is there for others before `finish`; what is neither finished nor aborted is removed sooner or later. */
export interface ArtifactUpload {
  write(bytes: Uint8Array, options: ContentOptions): Promise<void>;
  /** Makes the bytes durable. @param sha256 of all that was written, hex. @returns what `read` finds them by */
  finish(sha256: string, options: ContentOptions): Promise<string>;
  /** Never rejects. */
  abort(): Promise<void>;
}

export interface ArtifactContent {
  begin(runId: RunId): Promise<ArtifactUpload>;
  /** At most so many bytes from there on; empty behind the end; null: they are gone. */
  read(
    place: { readonly runId: RunId; readonly content: string },
    offset: number,
    length: number,
    options: ContentOptions,
  ): Promise<Uint8Array | null>;
  /**
   * Makes what one run has another one's, too, which keeps it when the first goes; harmless when called again.
   * @returns what `read` finds it by for the other; null: it is gone
   */
  share(
    place: { readonly runId: RunId; readonly content: string },
    other: RunId,
    options: ContentOptions,
  ): Promise<string | null>;
  /** A bounded part of what the run has, before its records go; harmless when called again. @returns false: call again, there is more */
  removeOfRun(runId: RunId, options: ContentOptions): Promise<boolean>;
  /** Removes, a bounded part at a time, what uploads and removals left that were interrupted long before. */
  tidy(nowMs: number, options: ContentOptions): Promise<void>;
}
