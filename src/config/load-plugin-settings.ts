// config/plugins/<name>.yaml: an operator's settings of one plugin, to be checked against the plugin's own schema. No file, no settings.
import { join } from 'node:path';
import { GantryError } from '../core/errors/gantry-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { parseStrictText } from '../core/strict-json.ts';
import { readYaml } from './read-yaml.ts';

/**
 * @param name a checked plugin name
 * @throws GantryError CONFIG_SYNTAX, CONFIG_INVALID, CONFIG_NOT_FOUND for a file that cannot be read
 */
export async function loadPluginSettings(folder: string, name: string): Promise<JsonObject> {
  const shownAs = join('config', 'plugins', `${name}.yaml`);
  const value = await readOptional(join(folder, `${name}.yaml`), shownAs);
  if (value === null || value === undefined) return {};
  // Through JSON once: dates and other YAML types become what a plugin would see, and forbidden keys are refused.
  const strict = parseStrictText(JSON.stringify(value));
  if (!strict.ok) throw new GantryError('CONFIG_INVALID', `${shownAs}: ${strict.message}`);
  if (!isJsonObject(strict.value)) throw new GantryError('CONFIG_INVALID', `${shownAs}: must be a map of settings`);
  return strict.value;
}

async function readOptional(path: string, shownAs: string): Promise<JsonValue | undefined> {
  try {
    return (await readYaml(path, shownAs)).value as JsonValue;
  } catch (error) {
    const cause = error instanceof GantryError ? error.cause : null;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw error;
  }
}
