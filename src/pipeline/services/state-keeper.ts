// `state.get`, `set`, `delete` and `list` of one invocation: what a plugin remembers from run to run. All that it gives is hostile and bounded.
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { HostAnswer, ServiceScope } from '../../core/ports/host-services.ts';
import type { IdSource } from '../../core/ports/id-source.ts';
import type { IfVersion } from '../../core/ports/plugin-state.ts';
import type { Store, StoreOptions } from '../../core/ports/store.ts';
import { invalid, refused } from './refuse.ts';

/** What one plugin may keep. docs/protocol.md states them. */
export const STATE_LIMITS = {
  keyBytes: 256,
  valueBytes: 64 * 1024,
  keys: 1_000,
  /** keys and values together */
  bytes: 8 * 1024 * 1024,
  page: 100,
} as const;

const KEY = /^[ -~]{1,256}$/;
const PREFIX = /^[ -~]{0,256}$/;
const VERSION = /^[0-9a-f]{1,64}$/;
const BAD_KEY = `\`key\` must be a text of 1 to ${String(STATE_LIMITS.keyBytes)} printable ASCII characters`;
const VERSION_BYTES = 12;

export interface StateParts {
  readonly store: Pick<Store, 'pluginState'>;
  readonly ids: IdSource;
  readonly clock: Clock;
}

export class StateKeeper {
  readonly #parts: StateParts;
  readonly #scope: ServiceScope;

  constructor(parts: StateParts, scope: ServiceScope) {
    this.#parts = parts;
    this.#scope = scope;
  }

  /** Null: there is no such method. @throws GantryError STORE_* */
  async perform(method: string, params: JsonObject, options: StoreOptions): Promise<HostAnswer | null> {
    switch (method) {
      case 'state.get':
        return await this.#get(params, options);
      case 'state.set':
        return await this.#set(params, options);
      case 'state.delete':
        return await this.#delete(params, options);
      case 'state.list':
        return await this.#list(params, options);
      default:
        return null;
    }
  }

  async #get(params: JsonObject, options: StoreOptions): Promise<HostAnswer> {
    const key = this.#keyIn(params);
    if (key === null) return invalid(BAD_KEY);
    const entry = await this.#state.get(this.#plugin, key, options);
    const value = entry === null ? null : (JSON.parse(entry.json) as JsonValue);
    return { kind: 'result', result: { value, version: entry?.version ?? null } };
  }

  async #set(params: JsonObject, options: StoreOptions): Promise<HostAnswer> {
    const key = this.#keyIn(params);
    if (key === null) return invalid(BAD_KEY);
    const ifVersion = ifVersionIn(params);
    if (ifVersion === INVALID) return invalid('`ifVersion` must be a version that was given before, or null');
    const given = params['value'];
    if (given === undefined) return invalid('`value` is required; state.delete takes a key away');
    const json = JSON.stringify(this.#scope.redactor.json(given));
    const valueBytes = Buffer.byteLength(json);
    if (valueBytes > STATE_LIMITS.valueBytes)
      return invalid(`the value has ${String(valueBytes)} bytes; it may have ${String(STATE_LIMITS.valueBytes)}`);
    const version = this.#parts.ids.randomHex(VERSION_BYTES);
    const put = {
      ...{ plugin: this.#plugin, key, json, sizeBytes: key.length + valueBytes, version, ifVersion },
      ...{ atMs: this.#parts.clock.nowMs(), keysMax: STATE_LIMITS.keys, bytesMax: STATE_LIMITS.bytes },
    };
    const result = await this.#state.put(put, options);
    if (result.kind === 'stored') return { kind: 'result', result: { version } };
    return result.kind === 'full' ? full(result.limit) : conflict(result.version);
  }

  async #delete(params: JsonObject, options: StoreOptions): Promise<HostAnswer> {
    const key = this.#keyIn(params);
    if (key === null) return invalid(BAD_KEY);
    const ifVersion = ifVersionIn(params);
    if (ifVersion === INVALID || ifVersion === null)
      return invalid('`ifVersion` must be a version that was given before');
    const result = await this.#state.delete(this.#plugin, key, ifVersion, options);
    if (result.kind === 'conflict') return conflict(result.version);
    return { kind: 'result', result: { deleted: result.kind === 'deleted' } };
  }

  async #list(params: JsonObject, options: StoreOptions): Promise<HostAnswer> {
    const { prefix = '', after = '', limit = STATE_LIMITS.page } = params;
    if (!isPart(prefix)) return invalid('`prefix` must be the beginning of a key');
    if (!isPart(after)) return invalid('`after` must be a key');
    if (!isPageSize(limit)) return invalid(`\`limit\` must be a whole number from 1 to ${String(STATE_LIMITS.page)}`);
    const found = await this.#state.list(this.#plugin, { prefix, after, limit: limit + 1 }, options);
    const keys = found.slice(0, limit).map(({ key, version, sizeBytes }) => ({ key, version, bytes: sizeBytes }));
    const next = found.length > limit ? (keys.at(-1)?.key ?? null) : null;
    return { kind: 'result', result: { keys, next } };
  }

  get #plugin(): string {
    return this.#scope.plugin.name;
  }

  get #state(): Store['pluginState'] {
    return this.#parts.store.pluginState;
  }

  /** With its secrets taken out, which may make it too long. */
  #keyIn({ key }: JsonObject): string | null {
    if (typeof key !== 'string' || !KEY.test(key)) return null;
    const redacted = this.#scope.redactor.text(key);
    return KEY.test(redacted) ? redacted : null;
  }
}

function isPart(value: JsonValue): value is string {
  return typeof value === 'string' && PREFIX.test(value);
}

function isPageSize(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= STATE_LIMITS.page;
}

const INVALID = Symbol('invalid');

function ifVersionIn({ ifVersion }: JsonObject): IfVersion | typeof INVALID {
  if (ifVersion === undefined || ifVersion === null) return ifVersion;
  return typeof ifVersion === 'string' && VERSION.test(ifVersion) ? ifVersion : INVALID;
}

function conflict(version: string | null): HostAnswer {
  return refused('CONFLICT', 'another version stands there: read it again', { version });
}

function full(limit: 'keys' | 'bytes'): HostAnswer {
  const most = `${String(STATE_LIMITS[limit])} ${limit === 'keys' ? 'keys' : 'bytes of keys and values'}`;
  return refused('FULL', `the plugin keeps ${most} at most: delete some`, { limit });
}
