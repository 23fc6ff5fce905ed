// What a run leaves behind: invocations, payloads of any size, events, log lines.
import { describe, expect, it } from 'vitest';
import type { StoredEvent, Store } from '../../../src/core/ports/store.ts';
import { buildInvocation, buildLogLine, freshName, newRunId, patient } from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

function invocationContract(subject: StoreUnderTest): void {
  it('gives back the invocations of a run in order of creation', async () => {
    const runId = newRunId();
    const first = buildInvocation(runId, { createdAtMs: 5, outcome: { code: 'ok', message: '$ü.' } });
    const second = buildInvocation(runId, { createdAtMs: 5 });
    const third = buildInvocation(runId, { createdAtMs: 6, usage: null, warnings: ['a', 'b'] });
    for (const invocation of [third, first, second, buildInvocation(newRunId())]) {
      await subject.store().insertInvocation(invocation, patient());
    }
    expect(await subject.store().listInvocations(runId, patient())).toEqual([first, second, third]);
  });

  it('refuses a second invocation with one id and keeps the first', async () => {
    const invocation = buildInvocation(newRunId());
    await subject.store().insertInvocation(invocation, patient());
    const second = subject.store().insertInvocation({ ...invocation, attempt: 2 }, patient());
    await expect(second).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await subject.store().listInvocations(invocation.runId, patient())).toEqual([invocation]);
  });

  it('changes an invocation only in the states given', async () => {
    const invocation = buildInvocation(newRunId());
    await subject.store().insertInvocation(invocation, patient());
    const changes = {
      state: 'failed',
      outcome: { code: 'oom', message: 'over', breach: { limit: 'memoryBytes', value: 1, used: null } },
      phases: { sandboxWaitMs: 1.5, sendMs: null, runMs: 3, receiveMs: 0 },
      finishedAtMs: 2000,
      transport: 'fifo',
      reported: { progress: { done: 1, total: null, message: 'half' }, metrics: [], droppedMetrics: 2 },
    } as const;
    const store = (): Store => subject.store();
    expect(await store().updateInvocation(invocation.id, { states: ['running'] }, changes, patient())).toBe(true);
    const late = { state: 'succeeded', outcome: null } as const;
    expect(await store().updateInvocation(invocation.id, { states: ['running'] }, late, patient())).toBe(false);
    expect(await store().listInvocations(invocation.runId, patient())).toEqual([{ ...invocation, ...changes }]);
  });
}

function payloadContract(subject: StoreUnderTest): void {
  it('gives back payloads byte for byte: empty, unicode, hostile keys, 8 MiB', async () => {
    const runId = newRunId();
    const big = JSON.stringify({ filler: 'ż🦔x'.repeat(1_200_000) });
    expect(Buffer.byteLength(big)).toBeGreaterThan(8 * 1024 * 1024);
    const texts = ['', 'null', '{"b":1,"a":2,"a":3}', '{"__proto__":{"$where":"1"},"a.b":"\\u0000\u2028"}', big];
    for (const [index, text] of texts.entries()) {
      await subject.store().putPayload(runId, `payload ${index}/$x.y`, text, patient());
    }
    for (const [index, text] of texts.entries()) {
      const found = await subject.store().findPayload(runId, `payload ${index}/$x.y`, patient());
      expect(found === text).toBe(true);
    }
    expect(await subject.store().findPayload(runId, 'none', patient())).toBeNull();
    expect(await subject.store().findPayload(newRunId(), 'payload 0/$x.y', patient())).toBeNull();
  });

  it('replaces a payload wholly, larger by smaller and back', async () => {
    const runId = newRunId();
    const texts = ['"small"', JSON.stringify('l'.repeat(700_000)), '"s"', JSON.stringify('m'.repeat(300_000))];
    for (const text of texts) {
      await subject.store().putPayload(runId, 'data', text, patient());
      expect((await subject.store().findPayload(runId, 'data', patient())) === text).toBe(true);
    }
  });

  it('keeps the last of many writes of one payload at once', async () => {
    const runId = newRunId();
    const texts = Array.from({ length: 6 }, (_, index) => JSON.stringify(String(index).repeat(100_000 * (index + 1))));
    await Promise.all(texts.map((text) => subject.store().putPayload(runId, 'data', text, patient())));
    expect((await subject.store().findPayload(runId, 'data', patient())) === texts.at(-1)).toBe(true);
  });
}

function event(runId: StoredEvent['runId'], seq: number, body: StoredEvent['body']): StoredEvent {
  return { runId, seq, atMs: 1000 + seq, kind: 'hookStarted', body };
}

function feedContract(subject: StoreUnderTest): void {
  it('gives back events after a seq in order, and keeps the first of two with one seq', async () => {
    const runId = newRunId();
    const lastSeq = async () => await subject.store().lastEventSeq(runId, patient());
    expect(await lastSeq()).toBe(0);
    const events = [1, 2, 3, 4].map((seq) => event(runId, seq, seq === 2 ? null : { $seq: [seq, 'ü.$'] }));
    await subject.store().appendEvents(events.slice(0, 2), patient());
    await subject.store().appendEvents([...events.slice(2), event(newRunId(), 9, 'other')], patient());
    await subject.store().appendEvents([event(runId, 3, 'late')], patient());
    await subject.store().appendEvents([], patient());
    expect(await lastSeq()).toBe(4);
    expect(await subject.store().listEvents(runId, 0, 10, patient())).toEqual(events);
    expect(await subject.store().listEvents(runId, 1, 2, patient())).toEqual(events.slice(1, 3));
    expect(await subject.store().listEvents(runId, 4, 10, patient())).toEqual([]);
    const overlapping = [
      event(runId, 3, 'later'),
      event(runId, 4, 'later'),
      event(runId, 5, 'new'),
      event(runId, 6, 'new'),
    ];
    await subject.store().appendEvents(overlapping, patient());
    expect(await subject.store().listEvents(runId, 2, 3, patient())).toEqual([...events.slice(2), overlapping[2]]);
    expect(await subject.store().listEvents(runId, 5, 10, patient())).toEqual(overlapping.slice(3));
    expect(await lastSeq()).toBe(6);
  });

  it('gives back log lines in the order of writing: the last ones, or those after a seq', async () => {
    const [runId, plugin] = [newRunId(), freshName('logger')];
    const lines = Array.from({ length: 10 }, (_, index) => buildLogLine(runId, `line ${index} ü $x`, plugin));
    await subject.store().appendLogs(lines.slice(0, 6), patient());
    await subject.store().appendLogs([buildLogLine(null, 'elsewhere')], patient());
    await subject.store().appendLogs(lines.slice(6), patient());
    const all = await subject.store().listLogs({ runId, limit: 100 }, patient());
    expect(all.map(({ seq: _seq, ...line }) => line)).toEqual(lines);
    expect(all.every(({ seq }, index) => index === 0 || seq > (all[index - 1]?.seq ?? 0))).toBe(true);
    const store = (): Store => subject.store();
    expect(await store().listLogs({ runId, limit: 3 }, patient())).toEqual(all.slice(7));
    const afterSeq = all[4]?.seq ?? 0;
    expect(await store().listLogs({ plugin, afterSeq, limit: 3 }, patient())).toEqual(all.slice(5, 8));
    expect(await store().listLogs({ runId, plugin, afterSeq: 0, limit: 2 }, patient())).toEqual(all.slice(0, 2));
    expect(await store().listLogs({ runId, plugin: 'none', limit: 2 }, patient())).toEqual([]);
  });

  it('lists lines of no run among all lines', async () => {
    const message = freshName('unbound');
    await subject.store().appendLogs([buildLogLine(null, message)], patient());
    const [line] = await subject.store().listLogs({ limit: 1 }, patient());
    expect(line).toMatchObject({ runId: null, message });
  });
}

export function historyContract(subject: StoreUnderTest): void {
  describe('history', () => {
    invocationContract(subject);
    payloadContract(subject);
    feedContract(subject);
  });
}
