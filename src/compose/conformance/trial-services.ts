// Host services of one trial, in memory: each begins with no state and no artifacts, so that an answer depends on its fixture alone.
import type { RunId } from '../../core/ids.ts';
import type { InvocationServices, ServiceScope } from '../../core/ports/host-services.ts';
import { whyNotPut, type PluginState, type StateKey } from '../../core/ports/plugin-state.ts';
import { createHostServices } from '../../pipeline/services/create-host-services.ts';
import { StoredArtifacts } from '../../pipeline/services/stored-artifacts.ts';
import type { Ground } from '../ground.ts';

const TIMEOUT_MS = 30_000;

export function trialServices(
  { ids, clock, logger, config }: Pick<Ground, 'ids' | 'clock' | 'logger' | 'config'>,
  scope: ServiceScope,
): InvocationServices {
  const payloads = new Map<string, string>();
  const store = {
    pluginState: stateInMemory(),
    putPayload: (_: RunId, name: string, json: string) => Promise.resolve(void payloads.set(name, json)),
    findPayload: (_: RunId, name: string) => Promise.resolve(payloads.get(name) ?? null),
  };
  const content = new StoredArtifacts(store, ids);
  const limits = { sizeBytes: config.artifacts.maxSize, runBytes: config.artifacts.maxRunSize };
  // Nobody counts what is tried.
  const events = { emit: () => undefined };
  const parts = { store, ids, clock, logger, events, content, limits };
  return createHostServices({ ...parts, storeTimeoutMs: TIMEOUT_MS }).of(scope);
}

/** Of one plugin, for a moment: its limits are not looked at. */
function stateInMemory(): PluginState {
  const entries = new Map<string, StateKey & { readonly json: string }>();
  return {
    get: (_, key) => Promise.resolve(entries.get(key) ?? null),
    put: (put) => {
      const { key, json, version, sizeBytes } = put;
      const refusal = whyNotPut(put, entries.get(key) ?? null);
      if (refusal === null) entries.set(key, { key, json, version, sizeBytes });
      return Promise.resolve(refusal ?? { kind: 'stored' });
    },
    delete: (_, key, ifVersion) => {
      const version = entries.get(key)?.version;
      if (version === undefined) return Promise.resolve({ kind: 'absent' });
      if (ifVersion !== undefined && ifVersion !== version) return Promise.resolve({ kind: 'conflict', version });
      entries.delete(key);
      return Promise.resolve({ kind: 'deleted' });
    },
    list: (_, { prefix, after, limit }) => {
      const keys = [...entries.values()].filter(({ key }) => key.startsWith(prefix) && key > after);
      return Promise.resolve(keys.sort((left, right) => (left.key < right.key ? -1 : 1)).slice(0, limit));
    },
  };
}
