// How people name a version of a plugin, and what they are told when there is none.
import { GantryError } from '../core/errors/gantry-error.ts';

/** Versions that a refusal names. */
const NAMED_MAX = 10;

/** What was asked for. */
export interface MeantVersion {
  readonly plugin: string;
  /** the version as it was asked for, for messages */
  readonly asked: string;
  readonly isMeant: (id: string) => boolean;
}

export function meantById(id: string): MeantVersion {
  const at = id.indexOf('@');
  return { plugin: id.slice(0, at), asked: id.slice(at + 1), isMeant: (one) => one === id };
}

export function meantByName(plugin: string, version: string): MeantVersion {
  return { plugin, asked: version, isMeant: (id) => isNamed(id, plugin, version) };
}

/** True when the text is the version's semver, alone or with the beginning of its content hash as in the id. */
function isNamed(id: string, plugin: string, version: string): boolean {
  const own = id.slice(plugin.length + 1);
  return own === version || own.slice(0, own.lastIndexOf('+')) === version;
}

/** @returns what is to be thrown */
export function neverThere(plugin: string): GantryError {
  return new GantryError('PLUGIN_NOT_FOUND', `no plugin was ever called ${JSON.stringify(plugin.slice(0, 64))}`);
}

/** @param isKnown it was there once @param there ids of the versions that can be had @returns what is to be thrown */
export function notThere(plugin: string, asked: string, isKnown: boolean, there: readonly string[]): GantryError {
  const named = [...new Set(there)].map((id) => id.slice(plugin.length + 1));
  const more = named.length > NAMED_MAX ? `, and ${String(named.length - NAMED_MAX)} older ones` : '';
  const list =
    named.length === 0 ? 'there is none any more' : `there are ${named.slice(0, NAMED_MAX).join(', ')}${more}`;
  const shown = JSON.stringify(asked.slice(0, 64));
  return isKnown
    ? new GantryError('PLUGIN_VERSION_REMOVED', `the image of version ${shown} of ${plugin} was removed; ${list}`)
    : new GantryError('PLUGIN_VERSION_NOT_FOUND', `${plugin} has no version ${shown}; ${list}`);
}
