// What an operator reads when the engine cannot be reached, and what callers can tell from a refusal.
import { expect, test } from 'vitest';
import { abortError, EngineRefusal, toEngineError } from '../../../../src/adapters/docker/engine-errors.ts';

const ADDRESS = { kind: 'unix', socketPath: '/run/here.sock' } as const;

test.each([
  ['ENOENT', /nothing is at \/run\/here\.sock: start the Docker Engine, or set DOCKER_HOST/],
  ['EACCES', /\/run\/here\.sock may not be opened: give this user access/],
  ['ECONNREFUSED', /nothing listens at \/run\/here\.sock/],
  ['ECONNRESET', /the connection to \/run\/here\.sock broke/],
])('names the place and the mend for %s', (code, words) => {
  const error = toEngineError(Object.assign(new Error('connect'), { code }), 'create', ADDRESS);
  expect(error.code).toBe('DOCKER_UNAVAILABLE');
  expect(error.message).toMatch(words);
});

test('keeps the status and the words of a refusal', () => {
  const refusal = Object.assign(new Error('(HTTP code 409) unexpected - in use '), {
    statusCode: 409,
    json: { message: 'in use' },
  });
  const error = toEngineError(refusal, 'remove', ADDRESS);
  expect(error).toBeInstanceOf(EngineRefusal);
  expect(error).toMatchObject({ code: 'ENGINE_FAILED', status: 409, reason: 'in use' });
});

test('gives a bare time-out its code and leaves every other reason as it is', () => {
  const own = new Error('cancelled');
  expect(abortError(new DOMException('late', 'TimeoutError'), 'start')).toMatchObject({ code: 'ENGINE_TIMEOUT' });
  expect(abortError(own, 'start')).toBe(own);
});
