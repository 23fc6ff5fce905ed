// An image with the Python SDK and a plugin that does what its input says, for sandboxes that serve again.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ContainerEngine } from '../../../src/core/ports/container-engine.ts';
import { hashedImage } from './hashed-image.ts';

const SDK = path.join(import.meta.dirname, '../../../docker/runtimes/python/gantry.py');
const PLUGIN = path.join(import.meta.dirname, 'stream-puppet.py');

/** @param program the plugin's file; the stream puppet unless given. @returns the image's id */
export async function streamImage(engine: ContainerEngine, signal: AbortSignal, program = PLUGIN): Promise<string> {
  const entries = [
    { path: 'gantry.py', mode: 0o644, bytes: readFileSync(SDK) },
    { path: 'main.py', mode: 0o644, bytes: readFileSync(program) },
  ];
  return await hashedImage(engine, 'stream-puppet', entries, signal);
}
