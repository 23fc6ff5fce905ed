// Plugins that are registered and never called, for what their number costs.
import type { PluginVersion } from '../../src/core/plugin.ts';

/** Versions that serve another pipeline's hook; all of one image. */
export function otherVersions(like: PluginVersion, count: number): readonly PluginVersion[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `other_${String(index + 1)}`;
    const plugin = { ...like.plugin, name, hooks: ['other'], pipelines: ['other'] };
    return { ...like, id: `${name}@1.0.0+0123456789ab`, plugin, imageTag: `gantry/plugin-${name}:0123456789ab` };
  });
}
