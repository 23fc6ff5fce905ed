// The HTTP API as a test uses it, and waiting for a condition: by asking, with a generous limit, never by sleeping and hoping.

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test reads whatever the answer holds
  readonly body: any;
}

const ANSWER_MS = 120_000;

export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), ...init });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
}

export async function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** Starts a run and waits for its end; gives the run document. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export async function runToEnd(url: string, pipeline: string, body: object = {}, limitMs = 120_000): Promise<any> {
  const started = await postJson(`${url}/api/v1/pipelines/${pipeline}/runs`, body);
  if (started.status !== 202) throw new Error(`not accepted: ${JSON.stringify(started.body)}`);
  const id = (started.body as { id: string }).id;
  return await waitFor(
    async () => {
      const answer = await request(`${url}/api/v1/runs/${id}`, { headers: { prefer: 'wait=30' } });
      const run = answer.body as { finishedAt: string | null };
      return run.finishedAt === null ? null : run;
    },
    `the end of run ${id}`,
    limitMs,
  );
}

/** Asks until the answer is neither null nor false. */
export async function waitFor<T>(
  ask: () => Promise<T | null | false> | T | null | false,
  what: string,
  limitMs = 120_000,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > endMs) throw new Error(`waited ${String(limitMs)} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
