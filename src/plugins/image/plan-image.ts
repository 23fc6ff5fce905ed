// Pure: what is built from which files, under which tag. The tag names the hash of everything that can change the image, so an unchanged
// plugin is never built again. An own Dockerfile's base images are not known before the build and are not part of it.
import { createHash } from 'node:crypto';
import type { Plugin } from '../../core/plugin.ts';
import type { ContextEntry } from '../../core/ports/container-engine.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { RECIPES, type Bases } from './recipes.ts';

export interface PlanInput {
  readonly plugin: Plugin;
  /** the folder's checked files */
  readonly entries: readonly ContextEntry[];
  readonly bases: Bases;
  /** id of each base image that the runtime needs, in the order of `basesOf` */
  readonly baseImageIds: readonly string[];
  /** files of the runtime's SDK, by their own names */
  readonly sdk: readonly ContextEntry[];
  /** Images of other instances on the engine are neither used nor replaced: their owners may remove them at any time. */
  readonly instanceId: string;
}

export interface ImagePlan {
  /** SHA-256 in hex */
  readonly contentHash: string;
  /** null: nothing is built, the image is ready */
  readonly build: { readonly dockerfile: string; readonly entries: readonly ContextEntry[] } | null;
  /** of the image that is built, or the ready image by digest */
  readonly reference: string;
}

/** Not part of any image: a change of a limit or a text must not build anything but the hash anew. */
const MANIFEST_FILE = 'plugin.yaml';

/** Base images that must be on the engine before the plugin can be built. */
export function basesOf(plugin: Plugin, bases: Bases): readonly string[] {
  return plugin.source.kind === 'runtime' ? RECIPES[plugin.source.runtime].needs(bases) : [];
}

export function planImage(input: PlanInput): ImagePlan {
  const { plugin } = input;
  const { source } = plugin;
  const files = input.entries.filter((entry) => entry.path !== MANIFEST_FILE);
  if (source.kind === 'image') {
    return { contentHash: hashOf([plugin, source.image]), build: null, reference: source.image };
  }
  const build =
    source.kind === 'dockerfile'
      ? { dockerfile: textOf(files, source.dockerfile), entries: files }
      : {
          dockerfile: RECIPES[source.runtime].dockerfile({
            bases: input.bases,
            entry: source.entry,
            dependencies: source.dependencies,
            isNetworked: plugin.isBuildNetworked,
            hasFile: (path) => files.some((entry) => path === null || entry.path === path),
          }),
          entries: [...prefixed('plugin', files), ...prefixed('sdk', input.sdk)],
        };
  const contents = build.entries.map(({ path, mode, bytes }) => [path, mode, sha256(bytes)]);
  const contentHash = hashOf([plugin, input.baseImageIds, build.dockerfile, contents]);
  return { contentHash, build, reference: referenceOf(plugin.name, contentHash, input.instanceId) };
}

/** The tag of what this instance builds: another one on the same database has its own, also of the same content. */
export function referenceOf(name: string, contentHash: string, instanceId: string): string {
  const instance = instanceId
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(-8);
  return `${repositoryOf(name)}:${contentHash.slice(0, 12)}-${instance}`;
}

/** Docker permits no `a_`, `a-_b` or `a___b`; such names are written otherwise, and the hash in the tag keeps them apart. */
function repositoryOf(name: string): string {
  const isPermitted = /^[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*$/.test(name);
  return `gantry/plugin-${isPermitted ? name : name.replace(/[_-]+/g, '-').replace(/-$/, '')}`;
}

function prefixed(folder: string, entries: readonly ContextEntry[]): readonly ContextEntry[] {
  return entries.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` }));
}

function textOf(entries: readonly ContextEntry[], path: string): string {
  const entry = entries.find((one) => one.path === path);
  return entry === undefined ? '' : new TextDecoder().decode(entry.bytes);
}

function hashOf(parts: readonly unknown[]): string {
  return sha256(Buffer.from(canonicalJson(parts)));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
