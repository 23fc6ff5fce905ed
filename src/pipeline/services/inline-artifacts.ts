// Artifacts that a result has inline become the run's: all of them or none. What a list of a run says is there only when its bytes are, so the
// bytes are made durable first. Secrets are taken out before anything is measured, as of what is put in pieces.
import { createHash } from 'node:crypto';
import { ARTIFACT_CHUNK_BYTES, ARTIFACTS_MAX, type Artifact, type InlineArtifact } from '../../core/artifact.ts';
import type { Persist, ServiceScope } from '../../core/ports/host-services.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { Redactor } from '../../core/redact.ts';
import type { ArtifactLimits, ArtifactParts } from './artifact-desk.ts';

/** @returns why there is no room for them; null: they are kept */
export async function keepInline(
  parts: ArtifactParts,
  scope: ServiceScope,
  given: readonly InlineArtifact[],
  persist: Persist,
): Promise<string | null> {
  const tooBig = whyTooBig(scope.redactor, given, parts.limits);
  if (tooBig !== null) return tooBig;
  const own: Artifact[] = [];
  for (const one of given) own.push(await persist('keepArtifact', (options) => keepOne(parts, scope, one, options)));
  const { artifacts, limits } = parts;
  const whyNot = (others: readonly Artifact[]): string | null => whyNoRoom([...others, ...own], limits);
  return await persist('listArtifacts', (options) => artifacts.put(own, whyNot, options));
}

async function keepOne(
  { content, ids, clock }: ArtifactParts,
  { runId, hook, plugin, redactor }: ServiceScope,
  { name, contentType, ...one }: InlineArtifact,
  options: StoreOptions,
): Promise<Artifact> {
  const bytes = bytesOf(redactor, one);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const upload = await content.begin(runId);
  try {
    for (let at = 0; at < bytes.length; at += ARTIFACT_CHUNK_BYTES)
      await upload.write(bytes.subarray(at, at + ARTIFACT_CHUNK_BYTES), options);
    const place = await upload.finish(sha256, options);
    const artifact = { id: ids.newId('art'), runId, hook, plugin: plugin.name, name, contentType };
    return { ...artifact, sizeBytes: bytes.length, sha256, content: place, createdAtMs: clock.nowMs() };
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

function whyTooBig(redactor: Redactor, given: readonly InlineArtifact[], limits: ArtifactLimits): string | null {
  const { sizeBytes: most, runBytes } = limits;
  let sum = 0;
  for (const one of given) {
    const { length } = bytesOf(redactor, one);
    if (length > most)
      return `the artifact ${one.name} has ${String(length)} bytes; \`artifacts.maxSize\` is ${String(most)}`;
    sum += length;
  }
  if (sum <= runBytes) return null;
  return `the artifacts of the result have ${String(sum)} bytes; \`artifacts.maxRunSize\` is ${String(runBytes)}`;
}

function whyNoRoom(all: readonly Artifact[], { runBytes }: ArtifactLimits): string | null {
  if (all.length > ARTIFACTS_MAX)
    return `the run would have ${String(all.length)} artifacts; it may have ${String(ARTIFACTS_MAX)}`;
  const sum = all.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  if (sum <= runBytes) return null;
  return `the artifacts of the run would have ${String(sum)} bytes; \`artifacts.maxRunSize\` is ${String(runBytes)}`;
}

/** Decoded again for each look: one of many is in memory at a time. */
function bytesOf(redactor: Redactor, { content, encoding }: Pick<InlineArtifact, 'content' | 'encoding'>): Uint8Array {
  const bytes = Buffer.from(content, encoding);
  if (redactor.isIdle) return bytes;
  const stream = redactor.stream();
  return Buffer.concat([stream.push(bytes), stream.end()]);
}
