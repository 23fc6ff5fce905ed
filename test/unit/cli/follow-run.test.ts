// What somebody hears who stays with a run that waits for a person.
import { expect, it } from 'vitest';
import { ApiClient } from '../../../src/cli/api-client.ts';
import type { CommandContext } from '../../../src/cli/command.ts';
import { followRun } from '../../../src/cli/follow-run.ts';
import { printError } from '../../../src/cli/print-error.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { printed } from './printed.ts';

class AnswersInTurn extends ApiClient {
  readonly #answers: (JsonValue | GantryError)[];

  constructor(...answers: (JsonValue | GantryError)[]) {
    super('http://127.0.0.1:1', new AbortController().signal);
    this.#answers = answers;
  }

  override send(): Promise<JsonValue> {
    const answer = this.#answers.shift() ?? null;
    return answer instanceof GantryError ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

const WAITING = {
  ...{ id: 'run_1', pipeline: 'orders', state: 'waiting', finishedAt: null },
  waitsFor: [
    { kind: 'approval', hook: 'publish' },
    { kind: 'retry', hook: 'fetch' },
  ],
};
const ENDED = { ...WAITING, state: 'succeeded', finishedAt: '2026-01-01T00:00:00.000Z', waitsFor: [] };

function contextOf(output: CommandContext['output']): CommandContext {
  return {
    ...{ positionals: [], options: {}, output, root: '/', environment: {}, stop: new AbortController().signal },
    withApi: () => Promise.reject(new Error('not used')),
  };
}

it('says once how to decide where a run waits for a decision', async () => {
  const { output, stdout, stderr } = printed();
  expect(await followRun(new AnswersInTurn(WAITING, WAITING, ENDED), 'run_1', contextOf(output))).toBe(0);
  expect(stderr()).toBe('publish waits for a decision: gantry runs approve run_1 publish (or reject)\n');
  expect(stdout()).toContain('succeeded');
});

it('stays with the run while the server is started anew, and says so once', async () => {
  const { output, stdout, stderr } = printed();
  const away = new GantryError('NOT_FOUND', 'the server does not answer');
  const slow = new GantryError('STORE_TIMEOUT', 'the store did not answer');
  expect(await followRun(new AnswersInTurn(away, slow, ENDED), 'run_1', contextOf(output))).toBe(0);
  expect(stderr()).toBe('the server does not answer; run run_1 goes on without us, asking again for a minute\n');
  expect(stdout()).toContain('succeeded');
});

it('gives up at once where there is no such run', async () => {
  const { output } = printed();
  const unknown = new GantryError('RUN_NOT_FOUND', 'there is no run run_1');
  await expect(followRun(new AnswersInTurn(unknown, ENDED), 'run_1', contextOf(output))).rejects.toBe(unknown);
});

it('says a problem once when it is all that the error says', () => {
  const { output, stderr } = printed();
  const problem = { code: 'ID_INVALID', message: 'id: is none', file: '', line: null, column: null };
  expect(printError(new GantryError('ID_INVALID', 'id: is none', { problems: [problem] }), output)).toBe(2);
  expect(stderr().split('id: is none')).toHaveLength(2);
});
