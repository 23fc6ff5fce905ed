// An image with the Python SDK and a plugin that does what its input says, for sandboxes that serve again.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ContainerEngine } from '../../../src/core/ports/container-engine.ts';

const BASE = 'gantry/base-python:1';
const SDK = path.join(import.meta.dirname, '../../../docker/runtimes/python/gantry.py');
const PLUGIN = path.join(import.meta.dirname, 'stream-puppet.py');

/** @param program the plugin's file; the stream puppet unless given. @returns the image's id */
export async function streamImage(engine: ContainerEngine, signal: AbortSignal, program = PLUGIN): Promise<string> {
  const entries = [
    { path: 'gantry.py', mode: 0o644, bytes: readFileSync(SDK) },
    { path: 'main.py', mode: 0o644, bytes: readFileSync(program) },
  ];
  const dockerfile = `FROM ${BASE}\nCOPY gantry.py main.py /plugin/\nWORKDIR /plugin\n`;
  const hash = createHash('sha256').update(dockerfile);
  for (const entry of entries) hash.update(entry.bytes);
  const tag = `gantry-test/stream-puppet:${hash.digest('hex').slice(0, 16)}`;
  const found = await engine.inspectImage(tag, { signal });
  if (found !== null) return found.id;
  const request = {
    tag,
    dockerfile,
    entries,
    labels: { 'io.gantry.test': 'stream-puppet' },
    isNetworked: false,
    memoryBytes: 512 * 1024 * 1024,
    buildArgs: {},
    onLine: () => undefined,
  };
  return (await engine.buildImage(request, { signal })).imageId;
}
