// What plugins that failed said last: the traceback belongs under the line that says that they failed, not behind a second command.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { ApiClient } from './api-client.ts';
import { listAt, textAt } from './json-fields.ts';

/** The last log lines of each invocation that failed, by its id. */
export type FailureLogs = ReadonlyMap<string, readonly string[]>;

export const NO_LOGS: FailureLogs = new Map();

/** Of how many plugins the log is read, of how many invocations it is shown, how far back it is read, and how much is shown of each. */
const PLUGINS_READ = 3;
const INVOCATIONS_SHOWN = 3;
const LINES_READ = 200;
export const LINES_SHOWN = 12;

/** Never fails: without its log a run is still worth showing. */
export async function readFailureLogs(api: ApiClient, run: JsonValue): Promise<FailureLogs> {
  const failed = listAt(run, 'hooks')
    .flatMap((hook) => listAt(hook, 'plugins'))
    .filter((plugin) => textAt(plugin, 'state') === 'failed');
  const invocations = new Set(failed.map((plugin) => textAt(plugin, 'invocation')));
  const names = [...new Set(failed.map((plugin) => textAt(plugin, 'plugin')))].slice(0, PLUGINS_READ);
  const logs = new Map<string, string[]>();
  for (const name of names)
    for (const line of await readLines(api, textAt(run, 'id'), name)) {
      const invocation = textAt(line, 'invocation');
      if (!invocations.has(invocation)) continue;
      const lines = logs.get(invocation) ?? [];
      if (lines.length === 0 && logs.size === INVOCATIONS_SHOWN) continue;
      lines.push(textAt(line, 'message'));
      logs.set(invocation, lines.slice(-LINES_SHOWN));
    }
  return logs;
}

async function readLines(api: ApiClient, run: string, plugin: string): Promise<readonly JsonObject[]> {
  const query = `plugin=${encodeURIComponent(plugin)}&limit=${String(LINES_READ)}`;
  try {
    return listAt(await api.send(`/runs/${encodeURIComponent(run)}/logs?${query}`), 'items');
  } catch (error) {
    if (error instanceof GantryError) return [];
    throw error;
  }
}

/** The message of an outcome is made of the last log lines where the plugin said nothing better: what is shown below is not said twice. */
export function messageBeside(message: string, lines: readonly string[]): string {
  const last = message.split(' | ').at(-1) ?? message;
  return lines.length > 0 && last !== message && lines.some((line) => line === last) ? last : message;
}
