// Keys and values that belong to a plugin and outlive its runs, as part of the store. Of all versions of a plugin, whatever pipeline they serve in.
// Each write brings its own version, a text that was never used before: so a write whose fate is unknown can be looked for, and one that is
// made again is the same. Keys are printable ASCII, so that all stores sort them alike.

/** As StoreOptions. */
export interface StateOptions {
  readonly signal: AbortSignal;
}

export interface StateEntry {
  /** the value as JSON text */
  readonly json: string;
  readonly version: string;
}

export interface StateKey {
  readonly key: string;
  readonly version: string;
  readonly sizeBytes: number;
}

export type StateHead = Omit<StateKey, 'key'>;

/** `undefined`: whatever stands there; `null`: only when nothing does; a text: only that version. */
export type IfVersion = string | null | undefined;

export interface StatePut {
  readonly plugin: string;
  readonly key: string;
  readonly json: string;
  /** of key and value, counted towards `bytesMax` */
  readonly sizeBytes: number;
  readonly version: string;
  readonly ifVersion: IfVersion;
  readonly atMs: number;
  /** most keys of the plugin, and most bytes of all of them; only a put that adds to them is refused */
  readonly keysMax: number;
  readonly bytesMax: number;
}

export type StatePutResult =
  | { readonly kind: 'stored' }
  /** another version stands there; null: nothing does */
  | { readonly kind: 'conflict'; readonly version: string | null }
  | { readonly kind: 'full'; readonly limit: 'keys' | 'bytes' };

export type StateDeleteResult =
  { readonly kind: 'deleted' } | { readonly kind: 'absent' } | { readonly kind: 'conflict'; readonly version: string };

/** What keeps a put from being made, by what stands under its key; null: nothing does, as far as the plugin's limits allow. */
export function whyNotPut(put: StatePut, standing: StateHead | null): StatePutResult | null {
  const version = standing?.version ?? null;
  if (version === put.version) return { kind: 'stored' };
  return put.ifVersion === undefined || put.ifVersion === version ? null : { kind: 'conflict', version };
}

/** What the put adds to the plugin's sum; null: it adds nothing, and needs no room. */
export function addedBy(
  put: StatePut,
  standing: StateHead | null,
): { readonly bytes: number; readonly keys: number } | null {
  const bytes = put.sizeBytes - (standing?.sizeBytes ?? 0);
  if (standing !== null && bytes <= 0) return null;
  return { bytes, keys: standing === null ? 1 : 0 };
}

export interface StateQuery {
  /** beginning of the keys; empty: all */
  readonly prefix: string;
  /** only keys behind this one */
  readonly after: string;
  readonly limit: number;
}

export interface PluginState {
  get(plugin: string, key: string, options: StateOptions): Promise<StateEntry | null>;
  /** One after the other per key: of two puts with the same `ifVersion`, one finds a conflict. Puts made at once by several processes may go over the plugin's limits by as much as they bring. */
  put(request: StatePut, options: StateOptions): Promise<StatePutResult>;
  delete(plugin: string, key: string, ifVersion: IfVersion, options: StateOptions): Promise<StateDeleteResult>;
  /** In the order of their bytes. */
  list(plugin: string, query: StateQuery, options: StateOptions): Promise<readonly StateKey[]>;
}
