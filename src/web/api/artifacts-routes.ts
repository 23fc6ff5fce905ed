// Artifacts of a run: the list, and one as a download. What a plugin wrote is never shown as a page of ours: it comes as an attachment.
import { Readable } from 'node:stream';
import {
  ARTIFACT_CHUNK_BYTES,
  ARTIFACT_NAME,
  ARTIFACTS_PAYLOAD,
  readArtifacts,
  type Artifact,
} from '../../core/artifact.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Run } from '../../core/run.ts';
import { jsonAnswer, type Answer, type Route, type WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';
import { findRun } from './load-run-view.ts';
import { runIdOf } from './route-params.ts';

export function artifactsRoutes(ports: WebPorts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/runs/:id/artifacts',
      answer: (request) => list(ports, request),
    },
    {
      method: 'GET',
      path: '/api/v1/runs/:id/artifacts/:name',
      answer: (request) => download(ports, request),
    },
  ];
}

async function list(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const { run, artifacts } = await artifactsOf(ports, request);
  const { keepForMs, keepArtifactsForMs } = ports.retentionOf(run.pipeline);
  const expiresAtMs = run.finishedAtMs === null ? null : run.finishedAtMs + Math.min(keepForMs, keepArtifactsForMs);
  const expiresAt = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
  return jsonAnswer({ items: artifacts.map((artifact) => ({ ...artifactView(artifact), runId: run.id, expiresAt })) });
}

async function artifactsOf(
  { store }: WebPorts,
  request: WebRequest,
): Promise<{ readonly run: Run; readonly artifacts: readonly Artifact[] }> {
  const run = await findRun(store, runIdOf(request), { signal: request.signal });
  return {
    run,
    artifacts: readArtifacts(await store.findPayload(run.id, ARTIFACTS_PAYLOAD, { signal: request.signal })),
  };
}

function artifactView({ content: _, createdAtMs, ...artifact }: Artifact): object {
  return { ...artifact, createdAt: new Date(createdAtMs).toISOString() };
}

async function download(ports: WebPorts, request: WebRequest): Promise<Answer> {
  const { name = '' } = request.params;
  const { artifacts } = await artifactsOf(ports, request);
  const artifact = artifacts.find((one) => one.name === name);
  const start = artifact && (await ports.artifacts.read(artifact, 0, ARTIFACT_CHUNK_BYTES, request));
  if (artifact === undefined || start === undefined || start === null || !ARTIFACT_NAME.test(name))
    throw new GantryError('NOT_FOUND', `The run has no artifact ${JSON.stringify(name.slice(0, 130))}.`);
  const headers = {
    'Content-Disposition': `attachment; filename="${name}"`,
    'Content-Length': String(artifact.sizeBytes),
    'Content-Security-Policy': "sandbox; default-src 'none'",
    ETag: `"${artifact.sha256}"`,
  };
  const body = Readable.from(pieces(ports, artifact, start, request.gone), { objectMode: false });
  return { status: 200, type: artifact.contentType, headers, body };
}

/** Piece by piece as the client takes them. */
async function* pieces(
  ports: WebPorts,
  artifact: Artifact,
  start: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let [at, bytes]: [number, Uint8Array | null] = [0, start];
  while (bytes !== null && bytes.length > 0) {
    yield bytes;
    at += bytes.length;
    if (at >= artifact.sizeBytes) return;
    bytes = await ports.artifacts.read(artifact, at, ARTIFACT_CHUNK_BYTES, { signal });
  }
  if (artifact.sizeBytes > 0) throw new GantryError('STORE_FAILED', `the bytes of ${artifact.name} end too early`);
}
