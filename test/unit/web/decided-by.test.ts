// Who decided about a hook: the command line names itself, and no other name that a client gives gets into a record.
import { expect, it } from 'vitest';
import { approvalRoutes } from '../../../src/web/api/approvals-routes.ts';
import { newRunId } from '../../support/store/build-records.ts';

const never = new AbortController().signal;

async function decidedBy(client: string | null): Promise<unknown> {
  const [route] = approvalRoutes({
    runs: {
      decideApproval: ({ decision, by, comment }) => Promise.resolve({ decision, by, comment, atMs: 0 }),
    },
  });
  const headers: Record<string, string | null> = { 'content-type': 'application/json', 'gantry-trigger': client };
  const answer = await route?.answer({
    ...{ method: 'POST', path: '/', query: new URLSearchParams(), params: { id: newRunId(), hook: 'act' } },
    header: (name) => headers[name] ?? null,
    readBody: () => Promise.resolve(new TextEncoder().encode('{"decision":"reject"}')),
    ...{ signal: never, gone: never },
  });
  if (typeof answer?.body !== 'string') throw new Error('it is no JSON');
  return JSON.parse(answer.body);
}

it('is the command line where that asks', async () => {
  expect(await decidedBy('cli')).toMatchObject({ hook: 'act', decision: 'reject', by: 'cli' });
});

it.each([[null], [''], ['CLI'], ['panel'], ['cli, root'], ['x'.repeat(16_000)]])(
  'is the API for %j',
  async (client) => {
    expect(await decidedBy(client)).toMatchObject({ by: 'api' });
  },
);
