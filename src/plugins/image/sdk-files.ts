// The SDK files of a runtime, from the program's own docker/runtimes folder (trusted), read once.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runtime } from '../../core/plugin.ts';
import type { ContextEntry } from '../../core/ports/container-engine.ts';

const FILES: Readonly<Record<Runtime, readonly string[]>> = {
  python: ['gantry.py'],
  node: ['gantry.mjs', 'package.json'],
  shell: ['gantry.sh'],
  go: ['gantry.go', 'go.mod'],
  rust: ['gantry.rs', 'Cargo.toml'],
  java: ['Gantry.java'],
};

export class SdkFiles {
  readonly #folder: string;
  readonly #byRuntime = new Map<Runtime, Promise<readonly ContextEntry[]>>();

  /** @param folder the folder with one folder per runtime */
  constructor(folder: string) {
    this.#folder = folder;
  }

  of(runtime: Runtime): Promise<readonly ContextEntry[]> {
    const known = this.#byRuntime.get(runtime);
    if (known !== undefined) return known;
    const reading = Promise.all(
      FILES[runtime].map(async (path) => ({
        path,
        mode: 0o644,
        bytes: await readFile(join(this.#folder, runtime, path)),
      })),
    );
    this.#byRuntime.set(runtime, reading);
    return reading;
  }
}
