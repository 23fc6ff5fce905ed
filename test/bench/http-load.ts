// The load of the HTTP benchmark, in a process of its own: so many posts over so many connections that stay open; one message asks for a
// batch, one answers with its times.
import { Agent, request as httpRequest } from 'node:http';
import type { Batch } from './interleave.ts';

export interface Load {
  readonly url: string;
  readonly body: string;
  readonly inFlight: number;
  readonly calls: number;
}

const agents = new Map<string, Agent>();

async function post(url: string, body: string, agent: Agent): Promise<number> {
  const startedMs = performance.now();
  const answered = Promise.withResolvers<undefined>();
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    prefer: 'wait=30',
  };
  const request = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
    response.resume();
    response.on('end', () => {
      if (response.statusCode === 200) answered.resolve(undefined);
      else answered.reject(new Error(`${url} answered ${String(response.statusCode)}`));
    });
    response.on('error', answered.reject);
  });
  request.on('error', answered.reject);
  request.end(body);
  await answered.promise;
  return performance.now() - startedMs;
}

async function put({ url, body, inFlight, calls }: Load): Promise<Batch> {
  const key = `${url} ${String(inFlight)}`;
  const agent = agents.get(key) ?? new Agent({ keepAlive: true, maxSockets: inFlight });
  agents.set(key, agent);
  const timesMs: number[] = [];
  let left = calls;
  const startedMs = performance.now();
  const callOn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      timesMs.push(await post(url, body, agent));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, callOn));
  return { timesMs, elapsedMs: performance.now() - startedMs };
}

process.on('message', ({ question }: { readonly question: Load }) => {
  put(question).then(
    (found) => process.send?.(found),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
