// Builds an image of a few files over the Python base, once per content: the tag is the hash of what goes in, so every test file after the
// first finds it there.
import { createHash } from 'node:crypto';
import type { BuildRequest, ContainerEngine } from '../../../src/core/ports/container-engine.ts';

const BASE = 'gantry/base-python:1';

/** @param name of the image's repository and label. @returns the image's id */
export async function hashedImage(
  engine: ContainerEngine,
  name: string,
  entries: BuildRequest['entries'],
  signal: AbortSignal,
): Promise<string> {
  const files = entries.map((entry) => entry.path).join(' ');
  const dockerfile = `FROM ${BASE}\nCOPY ${files} /plugin/\nWORKDIR /plugin\n`;
  const hash = createHash('sha256').update(dockerfile);
  for (const entry of entries) hash.update(entry.bytes);
  const tag = `gantry-test/${name}:${hash.digest('hex').slice(0, 16)}`;
  const found = await engine.inspectImage(tag, { signal });
  if (found !== null) return found.id;
  const request: BuildRequest = {
    ...{ tag, dockerfile, entries, labels: { 'io.gantry.test': name } },
    ...{ isNetworked: false, memoryBytes: 512 * 1024 * 1024, buildArgs: {}, onLine: () => undefined },
  };
  return (await engine.buildImage(request, { signal })).imageId;
}
