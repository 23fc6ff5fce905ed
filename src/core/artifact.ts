// Artifacts: named bytes of a run. What is known of them is one payload of the run, so it goes with the run; the bytes are apart.
import type { ArtifactId, RunId } from './ids.ts';

export interface Artifact {
  readonly id: ArtifactId;
  readonly runId: RunId;
  readonly hook: string;
  readonly plugin: string;
  /** unique in its run; `ARTIFACT_NAME` */
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** hex */
  readonly sha256: string;
  /** where the content's adapter finds the bytes */
  readonly content: string;
  readonly createdAtMs: number;
}

/** A file name on every system, which needs no escaping in an address. */
export const ARTIFACT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const CONTENT_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/;
export const UNKNOWN_TYPE = 'application/octet-stream';

/** Of one run. */
export const ARTIFACTS_MAX = 1_000;

/** An artifact in a result: its shape is checked, its size is not. */
export interface InlineArtifact {
  readonly name: string;
  readonly contentType: string;
  readonly encoding: 'utf8' | 'base64';
  readonly content: string;
}

/** The run's payload with the list of its artifacts. */
export const ARTIFACTS_PAYLOAD = 'artifacts';

/** Bytes of one piece, going in or out. */
export const ARTIFACT_CHUNK_BYTES = 256 * 1024;

/** Null: the payload is absent. */
export function readArtifacts(payload: string | null): readonly Artifact[] {
  return payload === null ? [] : (JSON.parse(payload) as Artifact[]);
}
