// What a plugin that is tried finds when it asks for host services: they work, and remember nothing of another trial.
import { expect, it } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { trialServices } from '../../../src/compose/conformance/trial-services.ts';
import { SYSTEM_SCHEMA } from '../../../src/config/system-schema.ts';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { NO_SECRETS } from '../../../src/core/redact.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { SilentLogger } from '../../support/sandbox/silent-logger.ts';
import { pluginVersion } from '../../support/sandbox/versions.ts';

const ids = new SystemIds();

/** A trial: asks, and gives the result or the code of the refusal. */
function trial(): (method: string, params: JsonObject) => Promise<JsonValue> {
  const ground = { ids, clock: new FakeClock(), logger: new SilentLogger(), config: SYSTEM_SCHEMA.parse({}) };
  const { plugin } = pluginVersion({});
  const scope = { runId: ids.newId('run'), invocationId: ids.newId('inv'), hook: 'fetch', plugin };
  const services = trialServices(ground, { ...scope, redactor: NO_SECRETS });
  return async (method, params) => {
    const answer = await services.perform(method, params, new AbortController().signal);
    return answer.kind === 'result' ? answer.result : answer.reason;
  };
}

it('keeps state by key and version', async () => {
  const ask = trial();
  expect(await ask('state.get', { key: 'a' })).toEqual({ value: null, version: null });
  const { version } = (await ask('state.set', { key: 'a', value: 1, ifVersion: null })) as { version: string };
  expect(await ask('state.set', { key: 'a', value: 2, ifVersion: null })).toBe('CONFLICT');
  expect(await ask('state.get', { key: 'a' })).toEqual({ value: 1, version });
  await ask('state.set', { key: 'b', value: 1 });
  expect(await ask('state.list', { prefix: 'b' })).toMatchObject({ keys: [{ key: 'b' }], next: null });
  expect(await ask('state.delete', { key: 'a', ifVersion: '00' })).toBe('CONFLICT');
  expect(await ask('state.delete', { key: 'a', ifVersion: version })).toEqual({ deleted: true });
  expect(await ask('state.delete', { key: 'a' })).toEqual({ deleted: false });
});

it('keeps artifacts, and nothing from trial to trial', async () => {
  const ask = trial();
  await ask('state.set', { key: 'a', value: 1 });
  await ask('artifact.put', { name: 'f', chunk: btoa('bytes'), last: true });
  expect(await ask('artifact.get', { name: 'f' })).toMatchObject({ chunk: btoa('bytes'), last: true });
  const other = trial();
  expect(await other('state.get', { key: 'a' })).toEqual({ value: null, version: null });
  expect(await other('artifact.get', { name: 'f' })).toBe('NOT_FOUND');
});
