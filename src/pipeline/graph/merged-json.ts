// The text of merged data, made of the texts of what was merged where that is sure to say the same: writing large data again for what a plugin
// added to it would cost more than the merge.
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { RunFlow } from './build-context.ts';

interface Written {
  readonly data: unknown;
  /** the text of `data` */
  readonly json: string;
}

/** @param patches that were merged into the flow's data, one after the other. @returns undefined: it is to be written anew */
export function mergedJson({ data, dataJson }: RunFlow, patches: readonly Written[]): string | undefined {
  const [patch] = patches;
  if (patch === undefined) return dataJson;
  if (dataJson === undefined || patches.length > 1 || !isJsonObject(data) || !isAddition(patch, data)) return undefined;
  if (dataJson === '{}') return patch.json;
  return patch.json === '{}' ? dataJson : `${dataJson.slice(0, -1)},${patch.json.slice(1)}`;
}

/** What is null takes away, and what stands already is replaced or merged. */
function isAddition({ data, json }: Written, target: JsonObject): boolean {
  if (!isJsonObject(data) || json.includes('null')) return false;
  return Object.keys(data).every((key) => !Object.hasOwn(target, key));
}
