// Every generated document by its path: one list for the generator and for the test of staleness.
import { renderCli } from './render-cli.ts';
import { renderConfiguration, renderSystemYaml } from './render-configuration.ts';
import { renderErrors } from './render-errors.ts';
import { renderManifest, renderManifestSchema } from './render-manifest.ts';
import { renderTestingPlugins } from './render-testing-plugins.ts';
import { PERFORMANCE_PAGE, renderPerformance } from './render-performance.ts';
import { renderHostSchema, renderPluginSchema } from './render-stream-schemas.ts';

export const DOCUMENTS: ReadonlyMap<string, () => string> = new Map([
  ['docs/errors.md', renderErrors],
  ['docs/configuration.md', renderConfiguration],
  ['config/system.yaml', renderSystemYaml],
  ['docs/cli.md', renderCli],
  ['docs/manifest.md', renderManifest],
  ['docs/testing-plugins.md', renderTestingPlugins],
  ['docs/schemas/plugin.schema.json', renderManifestSchema],
  ['docs/schemas/stream-host.schema.json', renderHostSchema],
  ['docs/schemas/stream-plugin.schema.json', renderPluginSchema],
  [PERFORMANCE_PAGE, renderPerformance],
]);
