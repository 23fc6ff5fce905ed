// The base images that can be made without an image registry, and what decides whether one that stands is still right:
// the hash over everything it is made from, kept as a label on the image.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from '../setup/say.mjs';

const FOLDER = dirname(fileURLToPath(import.meta.url));

/** The distribution release every base stands on, and the registry image that may stand in for it (`--pull`). */
export const SUITE = 'trixie';
export const REGISTRY_IMAGE = { name: 'debian', tag: 'trixie-slim' };

/** Bases by name. `isDefault`: built when no name is given; the others are large and built by name only. */
export const BASES = {
  debian: { isDefault: true },
  shell: { isDefault: true },
  python: { isDefault: true },
  node: { isDefault: true, files: findNode },
  go: { isDefault: true },
  static: { isDefault: true },
  rust: { isDefault: false },
  java: { isDefault: false },
};

/** Label on every base image that carries its recipe's hash. */
export const RECIPE_LABEL = 'io.gantry.base.recipe';

/** `gantry/base-<name>:1`. */
export function imageOf(name) {
  return `gantry/base-${name}:1`;
}

export function folderOf(name) {
  return join(FOLDER, name);
}

/** Files of the host that go into the build context beside those of the base's own folder: `[{ folder, name, version }]`. */
export function filesOf(name, architecture) {
  return BASES[name].files?.(architecture) ?? [];
}

/** Hash (16 hex digits) over what the base is made from. `architecture` as the engine names it: amd64, arm64. */
export function recipeHash(name, architecture) {
  const hash = createHash('sha256').update(`${SUITE} ${architecture} `);
  if (name === 'debian')
    return hash
      .update(readFileSync(join(FOLDER, 'bootstrap.mjs')))
      .digest('hex')
      .slice(0, 16);
  hash.update(recipeHash('debian', architecture));
  for (const file of readdirSync(folderOf(name)).sort())
    hash.update(file).update(readFileSync(join(folderOf(name), file)));
  for (const file of filesOf(name, architecture)) hash.update(file.version);
  return hash.digest('hex').slice(0, 16);
}

function findNode(architecture) {
  const suffix = architecture === 'amd64' ? 'x64' : architecture;
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`node-linux-${suffix}/package.json`);
    const folder = join(dirname(manifest), 'bin');
    if (existsSync(join(folder, 'node'))) return [{ folder, name: 'node', version: require(manifest).version }];
  } catch {
    // Not installed: the running Node may do, below.
  }
  if (process.platform === 'linux' && process.arch === suffix) {
    return [{ folder: dirname(process.execPath), name: 'node', version: process.version }];
  }
  throw new SetupError(
    `no Node.js binary for linux/${suffix} here`,
    'install with optional dependencies ("npm ci --include=optional")',
  );
}
