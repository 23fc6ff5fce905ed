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
  readonly #answers: JsonValue[];

  constructor(...answers: JsonValue[]) {
    super('http://127.0.0.1:1', new AbortController().signal);
    this.#answers = answers;
  }

  override send(): Promise<JsonValue> {
    return Promise.resolve(this.#answers.shift() ?? null);
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

it('says once how to decide where a run waits for a decision', async () => {
  const { output, stdout, stderr } = printed();
  const context: CommandContext = {
    ...{ positionals: [], options: {}, output, root: '/', environment: {}, stop: new AbortController().signal },
    withApi: () => Promise.reject(new Error('not used')),
  };
  expect(await followRun(new AnswersInTurn(WAITING, WAITING, ENDED), 'run_1', context)).toBe(0);
  expect(stderr()).toBe('publish waits for a decision: gantry runs approve run_1 publish (or reject)\n');
  expect(stdout()).toContain('succeeded');
});

it('says a problem once when it is all that the error says', () => {
  const { output, stderr } = printed();
  const problem = { code: 'ID_INVALID', message: 'id: is none', file: '', line: null, column: null };
  expect(printError(new GantryError('ID_INVALID', 'id: is none', { problems: [problem] }), output)).toBe(2);
  expect(stderr().split('id: is none')).toHaveLength(2);
});
