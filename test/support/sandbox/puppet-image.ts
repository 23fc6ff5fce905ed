// Builds the puppet's image, once per content: the tag is the hash of what goes in, so every test file after the first finds it there.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ContainerEngine } from '../../../src/core/ports/container-engine.ts';

const BASE = 'gantry/base-python:1';
const SOURCES = ['puppet.py', 'probes.py'] as const;
const FOLDER = path.join(import.meta.dirname, '../puppet');

/** @returns the image's id */
export async function puppetImage(engine: ContainerEngine, signal: AbortSignal): Promise<string> {
  const entries = SOURCES.map((name) => ({ path: name, mode: 0o644, bytes: readFileSync(path.join(FOLDER, name)) }));
  const dockerfile = `FROM ${BASE}\nCOPY puppet.py probes.py /plugin/\nWORKDIR /plugin\n`;
  const hash = createHash('sha256').update(dockerfile);
  for (const entry of entries) hash.update(entry.bytes);
  const tag = `gantry-test/puppet:${hash.digest('hex').slice(0, 16)}`;
  const found = await engine.inspectImage(tag, { signal });
  if (found !== null) return found.id;
  const request = {
    tag,
    dockerfile,
    entries,
    labels: { 'io.gantry.test': 'puppet' },
    isNetworked: false,
    memoryBytes: 512 * 1024 * 1024,
    buildArgs: {},
    onLine: () => undefined,
  };
  const { imageId } = await engine.buildImage(request, { signal });
  return imageId;
}
