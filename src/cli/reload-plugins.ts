// Before a run from the command line: the server looks at the plugins' folder at once and builds what changed.
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { ApiClient } from './api-client.ts';
import { listAt, objectAt, textAt } from './json-fields.ts';
import type { Output } from './output.ts';

/** Builds take their time, above all the first ones. */
const BUILD_WAIT_MS = 900_000;

/** Notes every plugin that is broken, and what serves in its place. */
export async function reloadPlugins(api: ApiClient, output: Output): Promise<void> {
  const page = await api.send('/plugins/reload', { method: 'POST', timeoutMs: BUILD_WAIT_MS });
  for (const plugin of listAt(page, 'items')) {
    if (textAt(plugin, 'state') !== 'failed') continue;
    const serving = textAt(objectAt(plugin, 'version'), 'id');
    const name = textAt(plugin, 'name');
    output.note(`! ${name} is broken, ${serving === '' ? 'it is left out' : `${serving} serves`}:`);
    for (const line of problemLines(plugin)) output.note(`    ${line}`);
  }
}

/** Each problem of a plugin as `file:line:column: message (CODE)`; then, marked so, each warning. */
export function problemLines(plugin: JsonValue): readonly string[] {
  const warnings = listAt(plugin, 'warnings').map((warning) => `warning: ${placed(warning)}`);
  return [...listAt(plugin, 'problems').map(placed), ...warnings];
}

function placed(problem: JsonObject): string {
  const place = [textAt(problem, 'file'), textAt(problem, 'line'), textAt(problem, 'column')].filter(
    (part) => part !== '',
  );
  return `${place.join(':')}: ${textAt(problem, 'message')} (${textAt(problem, 'code')})`;
}
