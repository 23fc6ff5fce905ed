// The image of the puppet, a plugin of protocol json that does the steps its input names.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ContainerEngine } from '../../../src/core/ports/container-engine.ts';
import { hashedImage } from './hashed-image.ts';

const SOURCES = ['puppet.py', 'probes.py'] as const;
const FOLDER = path.join(import.meta.dirname, '../puppet');

/** @returns the image's id */
export async function puppetImage(engine: ContainerEngine, signal: AbortSignal): Promise<string> {
  const entries = SOURCES.map((name) => ({ path: name, mode: 0o644, bytes: readFileSync(path.join(FOLDER, name)) }));
  return await hashedImage(engine, 'puppet', entries, signal);
}
