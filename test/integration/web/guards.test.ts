// Who is answered at all: until accounts exist, the loopback names and the panel itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawRequest, startWeb, type TestWeb } from '../../support/web/start-web.ts';

let web: TestWeb;
beforeAll(async () => {
  web = await startWeb({ allowedHosts: ['gantry.example'] });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
});

const RUNS = '/api/v1/pipelines/default/runs';

describe('the Host header', () => {
  it.each([
    'localhost',
    'LOCALHOST:80',
    '127.0.0.1',
    '127.8.8.8:1',
    '[::1]:8080',
    'panel.localhost',
    'gantry.example:8443',
  ])('is accepted as %s', async (host) => {
    expect((await rawRequest(web.port, '/healthz', { headers: { host } })).status).toBe(200);
  });

  it.each([
    'evil.example',
    'localhost.evil.example',
    '128.0.0.1',
    '10.0.0.1',
    'gantry.example.evil',
    '127.0.0.1.nip.io',
    'a b',
  ])('is refused as %s', async (host) => {
    const answer = await rawRequest(web.port, '/', { headers: { host, accept: 'application/json' } });
    expect(answer.status).toBe(421);
    expect(answer.body).toContain('HOST_FORBIDDEN');
  });
});

describe('the Origin header', () => {
  it.each([
    ['http://evil.example', 403],
    ['null', 403],
    ['http://localhost:1', 403],
    ['http://localhost', 202],
  ])('%s is answered with %i', async (origin, status) => {
    const headers = { host: 'localhost', origin, 'content-type': 'application/json' };
    expect((await rawRequest(web.port, RUNS, { method: 'POST', headers, body: '{}' })).status).toBe(status);
  });

  it('is not needed to refuse a change that a browser marks as cross-site', async () => {
    const headers = { host: 'localhost', 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' };
    expect((await rawRequest(web.port, RUNS, { method: 'POST', headers, body: '{}' })).status).toBe(403);
  });

  it('lets a link from another site open a page', async () => {
    const headers = { host: 'localhost', 'sec-fetch-site': 'cross-site' };
    expect((await rawRequest(web.port, '/runs', { headers })).status).toBe(200);
  });
});

describe('every answer', () => {
  it.each(['/', '/api/v1/runs', '/nothing', '/assets/panel.css', '/healthz'])(
    'of %s carries the security headers',
    async (path) => {
      const { headers } = await rawRequest(web.port, path, { headers: { host: 'localhost' } });
      expect(headers['content-security-policy']).toContain("default-src 'self'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['x-content-type-options']).toBe('nosniff');
    },
  );
});
