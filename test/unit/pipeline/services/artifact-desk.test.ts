// Artifacts as a plugin puts and gets them: pieces in their order, limits, secrets, and what an end in the middle leaves.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SystemIds } from '../../../../src/adapters/system/system-ids.ts';
import { ARTIFACT_CHUNK_BYTES } from '../../../../src/core/artifact.ts';
import { GantryError } from '../../../../src/core/errors/gantry-error.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import type { HostAnswer, InvocationServices } from '../../../../src/core/ports/host-services.ts';
import { Redactor } from '../../../../src/core/redact.ts';
import { UPLOADS_MAX, type ArtifactLimits } from '../../../../src/pipeline/services/artifact-desk.ts';
import { createHostServices } from '../../../../src/pipeline/services/create-host-services.ts';
import { StoredArtifacts } from '../../../../src/pipeline/services/stored-artifacts.ts';
import { FakeClock } from '../../../support/clock/fake-clock.ts';
import { EventList } from '../../../support/sandbox/event-list.ts';
import { SilentLogger } from '../../../support/sandbox/silent-logger.ts';
import { pluginVersion } from '../../../support/sandbox/versions.ts';
import { MemoryStore } from '../../../support/store/memory-store.ts';

const ids = new SystemIds();
const SECRET = 'a-secret-of-many-letters';
const ROOMY = { sizeBytes: 1e6, runBytes: 1e6 };

class Desk {
  readonly store = new MemoryStore();
  readonly runId = ids.newId('run');
  readonly #limits: ArtifactLimits;
  readonly services: InvocationServices;

  constructor(limits: ArtifactLimits = ROOMY) {
    this.#limits = limits;
    this.services = this.invocation();
  }

  /** Another one of the same run. */
  invocation(): InvocationServices {
    const parts = { store: this.store, ids, clock: new FakeClock(), logger: new SilentLogger(), limits: this.#limits };
    const events = new EventList();
    return createHostServices({
      ...parts,
      events,
      content: new StoredArtifacts(this.store, ids),
      storeTimeoutMs: 1_000,
    }).of({
      ...{ runId: this.runId, invocationId: ids.newId('inv'), hook: 'fetch' },
      plugin: { ...pluginVersion({}).plugin, services: ['artifact'] },
      redactor: new Redactor([SECRET]),
    });
  }

  put(name: string, text: string, last = true, more: JsonObject = {}): Promise<HostAnswer> {
    return this.ask('artifact.put', { name, chunk: Buffer.from(text).toString('base64'), last, ...more });
  }

  ask(method: string, params: JsonObject, services = this.services): Promise<HostAnswer> {
    return services.perform(method, params, new AbortController().signal);
  }

  async text(name: string): Promise<string> {
    const answer = await this.ask('artifact.get', { name });
    if (answer.kind === 'refusal') return answer.reason;
    return Buffer.from((answer.result as { chunk: string }).chunk, 'base64').toString();
  }
}

function refusal(reason: string, details: object = {}): object {
  return { kind: 'refusal', reason, details };
}

describe('an artifact', () => {
  test('is put in pieces that are asked for at once, and got as it was put', async () => {
    const desk = new Desk();
    const answers = await Promise.all([
      desk.put('a.csv', 'one,', false, { contentType: 'text/csv' }),
      desk.put('b', 'other'),
      desk.put('a.csv', 'two,', false),
      desk.put('a.csv', 'three'),
    ]);
    const sha256 = createHash('sha256').update('one,two,three').digest('hex');
    expect(answers[0]).toMatchObject({ result: { sizeBytes: 4 } });
    expect(answers[3]).toMatchObject({
      result: { id: expect.stringMatching(/^art_/) as string, sizeBytes: 13, sha256 },
    });
    expect(await desk.ask('artifact.get', { name: 'a.csv', offset: 4 })).toMatchObject({
      result: { contentType: 'text/csv', sizeBytes: 13, sha256, chunk: btoa('two,three'), last: true },
    });
  });

  test('is got piece by piece', async () => {
    const desk = new Desk();
    const piece = 'x'.repeat(ARTIFACT_CHUNK_BYTES);
    await desk.put('a', piece, false);
    await desk.put('a', 'end');
    expect(await desk.ask('artifact.get', { name: 'a' })).toMatchObject({ result: { last: false } });
    const rest = await desk.ask('artifact.get', { name: 'a', offset: ARTIFACT_CHUNK_BYTES });
    expect(rest).toMatchObject({ result: { chunk: btoa('end'), last: true } });
  });

  test('takes the place of one of its name, in any invocation of the run', async () => {
    const desk = new Desk();
    await desk.put('a', 'first');
    using other = desk.invocation();
    await desk.ask('artifact.put', { name: 'a', chunk: btoa('second'), last: true }, other);
    expect(await desk.text('a')).toBe('second');
  });

  test('holds no secret, wherever it is cut', async () => {
    const desk = new Desk();
    await desk.put('a', `it is ${SECRET.slice(0, 9)}`, false);
    await desk.put('a', `${SECRET.slice(9)}, really`);
    expect(await desk.text('a')).toBe('it is [redacted], really');
  });

  test('that is not finished with its invocation is not there', async () => {
    const desk = new Desk();
    await desk.put('a', 'half', false);
    desk.services[Symbol.dispose]();
    expect(await desk.ask('artifact.get', { name: 'a' }, desk.invocation())).toMatchObject(refusal('NOT_FOUND'));
    expect(await desk.put('a', 'rest')).toMatchObject(refusal('CONFLICT'));
  });

  test('of which a piece was lost has to be begun again', async () => {
    const desk = new Desk();
    await desk.put('a', 'lost ', false);
    desk.store.failNext('putPayload', new GantryError('STORE_UNAVAILABLE', 'gone'));
    expect(await desk.put('a', 'rest')).toMatchObject(refusal('UNAVAILABLE'));
    expect(await desk.put('a', 'whole')).toMatchObject({ kind: 'result' });
    expect(await desk.text('a')).toBe('whole');
  });

  test('may not be too large, nor all of a run together', async () => {
    const desk = new Desk({ sizeBytes: 10, runBytes: 25 });
    expect(await desk.put('a', '1234567890')).toMatchObject({ kind: 'result' });
    expect(await desk.put('b', '1234567890', false)).toMatchObject({ kind: 'result' });
    expect(await desk.put('b', '1')).toMatchObject(refusal('FULL', { limit: 'artifact' }));
    const other = desk.invocation();
    const put = { name: 'c', chunk: btoa('123456789'), last: true };
    expect(await desk.ask('artifact.put', put, other)).toMatchObject({ kind: 'result' });
    const more = { ...put, name: 'd' };
    expect(await desk.ask('artifact.put', more, other)).toMatchObject(refusal('FULL', { limit: 'run' }));
    expect(await desk.text('d')).toBe('NOT_FOUND');
  });

  test('that is put again and again takes the room of the run', async () => {
    const desk = new Desk({ sizeBytes: 10, runBytes: 25 });
    for (let count = 0; count < 2; count += 1)
      expect(await desk.put('a', '1234567890')).toMatchObject({ kind: 'result' });
    expect(await desk.put('a', '1234567890')).toMatchObject(refusal('FULL', { limit: 'run' }));
    expect(await desk.text('a')).toBe('1234567890');
  });

  test('is one of few that are begun', async () => {
    const desk = new Desk();
    for (let count = 0; count < UPLOADS_MAX; count += 1) await desk.put(`a${String(count)}`, 'x', false);
    expect(await desk.put('more', 'x', false)).toMatchObject(refusal('FULL', { limit: 'uploads' }));
    expect(await desk.put('a0', 'x')).toMatchObject({ kind: 'result' });
    expect(await desk.put('more', 'x')).toMatchObject({ kind: 'result' });
  });

  test.each<[string, string, JsonObject]>([
    ['no name', 'artifact.put', { chunk: '' }],
    ['a name that is a path', 'artifact.put', { name: '../a', chunk: '' }],
    ['a hidden name', 'artifact.put', { name: '.a', chunk: '' }],
    ['a name that is too long', 'artifact.put', { name: 'a'.repeat(129), chunk: '' }],
    ['a type with parameters', 'artifact.put', { name: 'a', contentType: 'text/html; charset=utf-8' }],
    ['a type with a line feed', 'artifact.put', { name: 'a', contentType: 'text/a\n' }],
    ['a chunk that is no base64', 'artifact.put', { name: 'a', chunk: 'a$==' }],
    ['half a chunk', 'artifact.put', { name: 'a', chunk: 'abc' }],
    ['a chunk that is no text', 'artifact.put', { name: 'a', chunk: [1] }],
    ['a chunk too large', 'artifact.put', { name: 'a', chunk: 'AAAA'.repeat(ARTIFACT_CHUNK_BYTES / 3 + 1) }],
    ['a `last` that is no boolean', 'artifact.put', { name: 'a', last: 1 }],
    ['the artifact of no name', 'artifact.get', {}],
    ['the artifact of another place', 'artifact.get', { name: 'a/b' }],
    ['a place before the beginning', 'artifact.get', { name: 'a', offset: -1 }],
    ['a place between two bytes', 'artifact.get', { name: 'a', offset: 0.5 }],
  ])('refuses %s', async (_what, method, params) => {
    expect(await new Desk().ask(method, params)).toMatchObject(refusal('INVALID_PARAMS'));
  });
});
