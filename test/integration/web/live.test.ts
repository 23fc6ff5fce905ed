// Live streams: nothing is missed over a reconnect, ended runs end the stream, and the number of streams is bounded.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '../../../src/core/run.ts';
import { buildInvocation, buildRun, patient } from '../../support/store/build-records.ts';
import { readEvents, type ReadEvent } from '../../support/web/read-events.ts';
import { startWeb, type TestWeb } from '../../support/web/start-web.ts';

let web: TestWeb;
beforeEach(async () => {
  web = await startWeb({ liveClientsMax: 2 });
});
afterEach(async () => {
  await web[Symbol.asyncDispose]();
});

async function runWithEvents(count: number, changes: Partial<Run> = {}): Promise<Run> {
  const run = buildRun(changes);
  await web.store.insertRun(run, patient());
  const events = Array.from({ length: count }, (_, index) => ({
    runId: run.id,
    seq: index + 1,
    atMs: 1,
    kind: 'hookStarted' as const,
    body: { number: index + 1 },
  }));
  await web.store.appendEvents(events, patient());
  return run;
}

function open(run: Run, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${web.url}/api/v1/runs/${run.id}/events`, { headers });
}

/** An open stream. Its reader is kept: the body of an answer that nobody holds is cancelled by the garbage collector. */
async function hold(run: Run): Promise<{ leave(): Promise<void> }> {
  const reader = (await open(run)).body?.getReader();
  return { leave: async () => await reader?.cancel() };
}

async function all(response: Response): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for await (const event of readEvents(response)) events.push(event);
  return events;
}

describe('the stream of a run', () => {
  it('sends every stored event of an ended run, also more than one page of them, and ends', async () => {
    const run = await runWithEvents(250, { state: 'succeeded' });
    const events = await all(await open(run));
    expect(events.slice(0, -1).map(({ id }) => Number(id))).toEqual(
      Array.from({ length: 250 }, (_, index) => index + 1),
    );
    expect(events.at(-1)).toEqual({ id: null, event: 'end', data: { state: 'succeeded' } });
  });

  it('resumes after Last-Event-ID', async () => {
    const run = await runWithEvents(5, { state: 'failed' });
    const events = await all(await open(run, { 'last-event-id': '3' }));
    expect(events.map(({ id }) => id)).toEqual(['4', '5', null]);
  });

  it('sends what happens while it is open', async () => {
    const run = await runWithEvents(0);
    const response = await open(run);
    await web.door.end(run.id, 'succeeded');
    expect((await all(response)).map(({ event }) => event)).toEqual(['runFinished', 'end']);
  });

  it('sends how far invocations are, of each the latest only, and only of this run', async () => {
    const run = await runWithEvents(0);
    const response = await open(run);
    const invocationId = buildInvocation(run.id).id;
    const progressed = { kind: 'invocationProgressed', invocationId, plugin: 'numbers' } as const;
    for (const done of [1, 2]) {
      const progress = { done, total: 3, message: null };
      web.bus.emit({ ...progressed, runId: buildRun().id, progress });
      web.bus.emit({ ...progressed, runId: run.id, progress });
    }
    const events = readEvents(response)[Symbol.asyncIterator]();
    const data = { invocation: invocationId, plugin: 'numbers', done: 2, total: 3, message: null };
    expect((await events.next()).value).toEqual({ id: null, event: 'progress', data });
    await web.door.end(run.id, 'succeeded');
    expect((await events.next()).value).toMatchObject({ event: 'runFinished' });
  });

  it('refuses a Last-Event-ID that is none', async () => {
    const run = await runWithEvents(0);
    expect((await open(run, { 'last-event-id': 'x' })).status).toBe(400);
  });

  it('answers 404 for a run that does not exist', async () => {
    expect((await open(buildRun())).status).toBe(404);
  });

  it('is refused with Retry-After past the bound, and possible again when a client left', async () => {
    const run = await runWithEvents(0);
    const held = [await hold(run), await hold(run)];
    const refused = await open(run);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('5');
    await held[0]?.leave();
    await expect.poll(async () => (await open(run)).status, { timeout: 60_000 }).toBe(200);
    await held[1]?.leave();
  });

  it('leaves no listener behind when clients leave', async () => {
    const run = await runWithEvents(0);
    const held = await hold(run);
    await expect.poll(() => web.bus.listenerCount, { timeout: 60_000 }).toBe(1);
    await held.leave();
    await expect.poll(() => web.bus.listenerCount, { timeout: 60_000 }).toBe(0);
  });
});

describe('the stream of changes', () => {
  it('tells that something changed', async () => {
    const response = await fetch(`${web.url}/api/v1/events`);
    await expect.poll(() => web.bus.listenerCount, { timeout: 60_000 }).toBe(1);
    web.bus.emit({ kind: 'runQueued', run: buildRun() });
    const first = await readEvents(response).next();
    expect(first.value).toEqual({ id: null, event: 'changed', data: {} });
  });
});

it('a closing server ends its streams and does not wait for them', async () => {
  const run = await runWithEvents(0);
  const response = await open(run);
  await web[Symbol.asyncDispose]();
  await all(response).catch(() => undefined);
  await expect(fetch(`${web.url}/healthz`)).rejects.toThrow();
});
