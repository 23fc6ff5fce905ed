// Answers of a server, right and wrong, as the CLI takes them. A real HTTP server on loopback answers what each test says.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../../../src/cli/api-client.ts';

let server: Server;
let url = '';
let answer: { status: number; body: string; headers?: Record<string, string> };
let asked: { method: string; path: string; headers: IncomingMessage['headers']; body: string };

beforeEach(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      asked = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const client = (stop = new AbortController().signal): ApiClient => new ApiClient(url, stop);

describe('ApiClient', () => {
  it('sends JSON under /api/v1 and gives the JSON of the answer', async () => {
    answer = { status: 202, body: '{"id":"run_1"}' };
    const given = await client().send('/pipelines/p/runs', {
      method: 'POST',
      body: { data: 1 },
      headers: { 'x-y': 'z' },
    });
    expect(given).toEqual({ id: 'run_1' });
    expect(asked).toMatchObject({ method: 'POST', path: '/api/v1/pipelines/p/runs', body: '{"data":1}' });
    expect(asked.headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json', 'x-y': 'z' });
    expect(asked.headers).toMatchObject({ 'gantry-trigger': 'cli' });
  });

  it('turns a problem document back into its error, with every single problem', async () => {
    const errors = [{ message: 'must be a number', at: 'x.yaml', line: 2, column: 3 }, 'no object'];
    answer = { status: 400, body: JSON.stringify({ code: 'PARAMS_INVALID', detail: 'bad', errors }) };
    await expect(client().send('/x')).rejects.toMatchObject({
      code: 'PARAMS_INVALID',
      message: 'bad',
      problems: [{ code: 'PARAMS_INVALID', message: 'must be a number', file: 'x.yaml', line: 2, column: 3 }],
    });
  });

  it.each([
    [500, 'Internal Server Error'],
    [502, ''],
    [400, '[]'],
    [400, '{"code":"toString"}'],
    [200, 'no JSON'],
  ])('calls an answer that is none of ours a DEFECT: %d %j', async (status, body) => {
    answer = { status, body };
    await expect(client().send('/x')).rejects.toMatchObject({ code: 'DEFECT' });
  });

  it('follows no redirect', async () => {
    answer = { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } };
    await expect(client().send('/x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says which server does not answer', async () => {
    await expect(new ApiClient('http://127.0.0.1:1', new AbortController().signal).send('/x')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('http://127.0.0.1:1') as string,
    });
  });

  it('ends as CANCELLED when the command is stopped, but lets a final request through', async () => {
    answer = { status: 200, body: '{}' };
    const stopped = AbortSignal.abort(new Error('SIGINT'));
    await expect(client(stopped).send('/x')).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await client(stopped).send('/x', {}, true)).toEqual({});
  });
});
