// What the web refuses before anything is asked of the program: foreign pages, one live stream too many, an address in use.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { guardChange, guardHost } from '../../../src/web/http/host-guard.ts';
import { HttpListener } from '../../../src/web/http/http-listener.ts';
import { LiveSlots } from '../../../src/web/live/live-slots.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';

const headers =
  (given: Record<string, string>) =>
  (name: string): string | null =>
    given[name] ?? null;

describe('guardHost and guardChange', () => {
  it.each([
    [{ host: 'localhost:8080', origin: 'http://evil.example' }],
    [{ host: 'localhost:8080', origin: 'http://localhost:9090' }],
    [{ host: 'localhost:8080', origin: 'null' }],
  ])('refuse %j as ORIGIN_FORBIDDEN', (given) => {
    expect(() => {
      guardHost(headers(given), []);
    }).toThrow(expect.objectContaining({ code: 'ORIGIN_FORBIDDEN' }));
  });

  it.each([['cross-site'], ['same-site'], ['nonsense']])('refuse a change from a %s page', (site) => {
    expect(() => {
      guardChange(headers({ 'sec-fetch-site': site }));
    }).toThrow(expect.objectContaining({ code: 'ORIGIN_FORBIDDEN' }));
  });

  it('let the panel itself and programs through', () => {
    guardHost(headers({ host: 'localhost:8080', origin: 'http://localhost:8080' }), []);
    guardHost(headers({ host: 'localhost:8080' }), []);
    guardChange(headers({ 'sec-fetch-site': 'same-origin' }));
    guardChange(headers({}));
  });
});

describe('LiveSlots', () => {
  it('refuses the stream over its number as BUSY, with the time to retry, and frees a slot once', () => {
    const slots = new LiveSlots(2);
    const first = slots.take();
    slots.take();
    expect(() => slots.take()).toThrow(expect.objectContaining({ code: 'BUSY', retryAfterMs: 5_000 }));
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(slots.taken).toBe(1);
    slots.take();
    expect(() => slots.take()).toThrow(expect.objectContaining({ code: 'BUSY' }));
  });
});

describe('HttpListener', () => {
  it('refuses an address in use as PORT_TAKEN, naming it, and can be closed all the same', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const listener = new HttpListener(
      () => undefined,
      { host: '127.0.0.1', port },
      new AbortController(),
      new FakeClock(),
    );
    await expect(listener.listen()).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
    await listener.close();
    await new Promise((resolve) => other.close(resolve));
  });
});
