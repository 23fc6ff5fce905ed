// The conformance kit: makes every check of a plugin's folder in turn, in real sandboxes through the program's own core.
import type { PluginKit } from '../../compose.ts';
import type { Finding } from '../../plugins/conformance/checks.ts';
import { buildPlugin } from './build-plugin.ts';
import { FindingLog } from './finding-log.ts';

export interface TestRequest {
  /** absolute path of the plugin's folder */
  readonly folder: string;
  /** the folder as the reader would type it */
  readonly shown: string;
  readonly stop: AbortSignal;
  readonly onFinding: (finding: Finding) => void;
}

/** @throws GantryError for what is not the plugin's fault: DOCKER_UNAVAILABLE, ENGINE_*, BASE_IMAGE_MISSING */
export async function testPlugin(kit: PluginKit, request: TestRequest): Promise<readonly Finding[]> {
  const log = new FindingLog(kit.ground.clock, request.onFinding);
  await buildPlugin(kit, request.folder, request.shown, log, request.stop);
  return log.findings;
}
