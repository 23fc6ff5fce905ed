// What a plugin version says of itself when it is asked once, in the background. The objects are the plugin's own words: hostile text, to be
// escaped wherever it is shown.
import type { JsonObject } from './json.ts';

/** The settings as a form: JSON Schema of the plugin's `config`, and hints of how to show it. */
export interface ConfigUi {
  readonly schema: JsonObject;
  readonly hints: JsonObject;
}

export interface SelfDescription {
  /** facts for the plugin's page; null: it offers none, or they did not come */
  readonly metadata: JsonObject | null;
  /** null: it offers none, or it did not come; the manifest's `config.schema` stands in */
  readonly configUi: ConfigUi | null;
  /** why what it offers did not come, one line each; hostile text, escaped */
  readonly problems: readonly string[];
}

/** Most bytes of the message that carries one answer. */
export const SELF_DESCRIPTION_BYTES_MAX = 64 * 1024;
