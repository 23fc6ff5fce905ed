// State as a plugin asks for it: what is refused and why, secrets, a store that is away, and a plugin that asks without end.
import { describe, expect, test } from 'vitest';
import { SystemIds } from '../../../../src/adapters/system/system-ids.ts';
import { GantryError } from '../../../../src/core/errors/gantry-error.ts';
import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import type { HostAnswer, InvocationServices } from '../../../../src/core/ports/host-services.ts';
import { Redactor } from '../../../../src/core/redact.ts';
import { createHostServices, REQUESTS_PER_SECOND } from '../../../../src/pipeline/services/create-host-services.ts';
import { StoredArtifacts } from '../../../../src/pipeline/services/stored-artifacts.ts';
import { STATE_LIMITS } from '../../../../src/pipeline/services/state-keeper.ts';
import { FakeClock } from '../../../support/clock/fake-clock.ts';
import { EventList } from '../../../support/sandbox/event-list.ts';
import { SilentLogger } from '../../../support/sandbox/silent-logger.ts';
import { pluginVersion } from '../../../support/sandbox/versions.ts';
import { MemoryStore } from '../../../support/store/memory-store.ts';

const ids = new SystemIds();
const SECRET = 'a-secret-of-many-letters';

class Desk {
  readonly store = new MemoryStore();
  readonly clock = new FakeClock();
  readonly logger = new SilentLogger();
  readonly events = new EventList();
  readonly #services = createHostServices({
    ...{ store: this.store, ids, clock: this.clock, logger: this.logger, events: this.events },
    content: new StoredArtifacts(this.store, ids),
    limits: { sizeBytes: 1, runBytes: 1 },
    storeTimeoutMs: 1_000,
  });

  invocation(name = 'sample'): InvocationServices {
    return this.#services.of({
      ...{ runId: ids.newId('run'), invocationId: ids.newId('inv'), hook: 'fetch' },
      plugin: { ...pluginVersion({}).plugin, name, services: ['state'] },
      redactor: new Redactor([SECRET]),
    });
  }

  ask(method: string, params: JsonObject, name?: string): Promise<HostAnswer> {
    return this.invocation(name).perform(method, params, new AbortController().signal);
  }

  async result(method: string, params: JsonObject): Promise<JsonValue> {
    const answer = await this.ask(method, params);
    if (answer.kind === 'refusal') throw new Error(`${answer.reason}: ${answer.message}`);
    return answer.result;
  }
}

function refusal(reason: string, details: object = {}): object {
  return { kind: 'refusal', reason, details };
}

describe('state', () => {
  test('is a value and its version', async () => {
    const desk = new Desk();
    expect(await desk.result('state.get', { key: 'a' })).toEqual({ value: null, version: null });
    const { version } = (await desk.result('state.set', { key: 'a', value: [null] })) as { version: string };
    expect(await desk.result('state.get', { key: 'a' })).toEqual({ value: [null], version });
    expect(await desk.result('state.delete', { key: 'a', ifVersion: version })).toEqual({ deleted: true });
    expect(await desk.result('state.delete', { key: 'a' })).toEqual({ deleted: false });
  });

  test('is told of with what became of the request', async () => {
    const desk = new Desk();
    await desk.ask('state.get', { key: 'a' });
    await desk.ask('state.get', {});
    expect(desk.events.events).toEqual([
      { kind: 'hostRequestAnswered', service: 'state', result: 'ok' },
      { kind: 'hostRequestAnswered', service: 'state', result: 'INVALID_PARAMS' },
    ]);
  });

  test('is set only over the version that is meant', async () => {
    const desk = new Desk();
    const first = (await desk.result('state.set', { key: 'a', value: 1, ifVersion: null })) as { version: string };
    const conflict = refusal('CONFLICT', { version: first.version });
    expect(await desk.ask('state.set', { key: 'a', value: 2, ifVersion: null })).toMatchObject(conflict);
    expect(await desk.ask('state.set', { key: 'a', value: 2, ifVersion: '00' })).toMatchObject(conflict);
    expect(await desk.ask('state.delete', { key: 'a', ifVersion: '00' })).toMatchObject(conflict);
    const second = await desk.result('state.set', { key: 'a', value: 2, ifVersion: first.version });
    expect(second).not.toEqual(first);
  });

  test('is listed page by page', async () => {
    const desk = new Desk();
    for (const key of ['b', 'a', 'c']) await desk.result('state.set', { key, value: 1 });
    const keys = (page: JsonValue): unknown => (page as { keys: { key: string }[] }).keys.map(({ key }) => key);
    const first = await desk.result('state.list', { limit: 2 });
    expect([keys(first), (first as JsonObject)['next']]).toEqual([['a', 'b'], 'b']);
    const rest = await desk.result('state.list', { after: 'b' });
    expect([keys(rest), (rest as JsonObject)['next']]).toEqual([['c'], null]);
  });

  test('is of one plugin', async () => {
    const desk = new Desk();
    await desk.result('state.set', { key: 'a', value: 1 });
    expect(await desk.ask('state.get', { key: 'a' }, 'other')).toMatchObject({ result: { value: null } });
  });

  test.each<[string, string, JsonObject]>([
    ['no key', 'state.get', {}],
    ['an empty key', 'state.get', { key: '' }],
    ['a key that is no text', 'state.get', { key: 7 }],
    ['a key that is too long', 'state.get', { key: 'k'.repeat(257) }],
    ['a key of a megabyte', 'state.delete', { key: 'k'.repeat(1e6) }],
    ['a key with a line feed', 'state.set', { key: 'a\nb', value: 1 }],
    ['a key that is no ASCII', 'state.set', { key: 'ž', value: 1 }],
    ['no value', 'state.set', { key: 'a' }],
    ['a value that is too large', 'state.set', { key: 'a', value: 'x'.repeat(STATE_LIMITS.valueBytes) }],
    ['a version that is a number', 'state.set', { key: 'a', value: 1, ifVersion: 1 }],
    ['a version that no value can have', 'state.set', { key: 'a', value: 1, ifVersion: { $ne: '' } }],
    ['nothing to delete', 'state.delete', { key: 'a', ifVersion: null }],
    ['a prefix that is no text', 'state.list', { prefix: 1 }],
    ['a cursor that is no key', 'state.list', { after: '\u007f' }],
    ['a page of nothing', 'state.list', { limit: 0 }],
    ['a page too long', 'state.list', { limit: 101 }],
    ['half a page', 'state.list', { limit: 1.5 }],
    ['a page that is no number', 'state.list', { limit: '1' }],
  ])('refuses %s', async (_what, method, params) => {
    expect(await new Desk().ask(method, params)).toMatchObject(refusal('INVALID_PARAMS'));
  });

  test('takes a value that is just small enough', async () => {
    const value = 'x'.repeat(STATE_LIMITS.valueBytes - 2);
    const desk = new Desk();
    await desk.result('state.set', { key: '~'.repeat(256), value });
    expect(await desk.result('state.get', { key: '~'.repeat(256) })).toMatchObject({ value });
  });

  test('holds no more than a plugin may keep', async () => {
    const desk = new Desk();
    const value = 'x'.repeat(STATE_LIMITS.valueBytes - 100);
    let last: HostAnswer = { kind: 'result', result: null };
    let count = 0;
    for (; last.kind === 'result' && count < 1_000; count += 1)
      last = await desk.ask('state.set', { key: `k${String(count)}`, value });
    expect(last).toMatchObject(refusal('FULL', { limit: 'bytes' }));
    expect(count).toBeGreaterThan(STATE_LIMITS.bytes / STATE_LIMITS.valueBytes - 2);
  });

  test('holds no secret, neither in a key nor in a value', async () => {
    const desk = new Desk();
    await desk.result('state.set', { key: `token ${SECRET}`, value: { [SECRET]: `it is ${SECRET}` } });
    const page = await desk.result('state.list', {});
    expect(JSON.stringify(page)).not.toContain(SECRET);
    const { value } = (await desk.result('state.get', { key: `token ${SECRET}` })) as JsonObject;
    expect(value).toEqual({ '[redacted]': 'it is [redacted]' });
  });

  test('is refused when the store is away, and asked again it is there', async () => {
    const desk = new Desk();
    desk.store.failNext('getState', new GantryError('STORE_UNAVAILABLE', 'gone'));
    expect(await desk.ask('state.get', { key: 'a' })).toMatchObject(refusal('UNAVAILABLE'));
    expect(desk.logger.lines.map(({ message }) => message)).toEqual(['a host service could not be given']);
    expect(await desk.ask('state.get', { key: 'a' })).toMatchObject({ kind: 'result' });
  });

  test('is nothing that has another name', async () => {
    expect(await new Desk().ask('state.drop', {})).toMatchObject(refusal('METHOD_NOT_FOUND'));
  });
});

describe('a plugin that asks without end', () => {
  test('waits for its answers beyond so many a second', async () => {
    const desk = new Desk();
    const services = desk.invocation();
    const { signal } = new AbortController();
    let answered = 0;
    const asking = Array.from({ length: REQUESTS_PER_SECOND + 100 }, async () => {
      await services.perform('state.get', { key: 'a' }, signal);
      answered += 1;
    });
    await desk.clock.advance(0);
    expect(answered).toBe(REQUESTS_PER_SECOND);
    await desk.clock.advance(1_000);
    await Promise.all(asking);
    expect(answered).toBe(REQUESTS_PER_SECOND + 100);
  });

  test('is not held up when its run has ended meanwhile', async () => {
    const desk = new Desk();
    const services = desk.invocation();
    const over = new AbortController();
    const asking = Array.from({ length: REQUESTS_PER_SECOND + 10 }, () =>
      services.perform('state.get', { key: 'a' }, over.signal),
    );
    await desk.clock.advance(0);
    over.abort();
    const answers = await Promise.all(asking);
    expect(answers.at(-1)).toMatchObject(refusal('UNAVAILABLE'));
    expect(desk.logger.lines).toEqual([]);
  });
});
