// The labels of every image that is built here. Nothing without this instance's label is ever used, replaced or removed.

/** Put on by the engine's adapter. */
export const INSTANCE_LABEL = 'io.gantry.instance';
export const PLUGIN_LABEL = 'io.gantry.plugin';
/** the manifest's version */
export const VERSION_LABEL = 'io.gantry.version';
/** full content hash; the tag has only its beginning */
export const CONTENT_LABEL = 'io.gantry.content';

/** `<name>@<semver>+<first 12 hex of the content hash>` */
export function versionId(plugin: string, version: string, contentHash: string): string {
  return `${plugin}@${version}+${contentHash.slice(0, 12)}`;
}
