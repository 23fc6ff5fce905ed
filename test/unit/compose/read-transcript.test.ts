// What a container wrote, read again: answers after the answer are found here, because a session has stopped reading by then.
import { describe, expect, it } from 'vitest';
import { readTranscript, type Transcript } from '../../../src/compose/conformance/read-transcript.ts';

const READY = '{"jsonrpc":"2.0","id":1,"result":{"protocol":"1.0","ready":true,"capabilities":{"cancel":true}}}\n';
const ANSWER = '{"jsonrpc":"2.0","id":2,"result":{"nonce":"n","data":{}}}\n';

function read(...pieces: readonly string[]): Transcript {
  return readTranscript({ stdout: pieces.map((text) => Buffer.from(text)), signals: [], user: '', exitCode: null });
}

describe('a transcript', () => {
  it('of an honest plugin has no fault, wherever it was cut', () => {
    const whole = READY + ANSWER;
    for (let at = 0; at < whole.length; at += 7)
      expect(read(whole.slice(0, at), whole.slice(at))).toEqual({ runAnswers: 1, offers: ['cancel'], fault: null });
  });

  it('tells a second answer, a stray print and a foreign line', () => {
    expect(read(READY, ANSWER, ANSWER).fault).toBe('protocol/second_result: request 2 was answered twice');
    expect(read(READY, ANSWER, 'bye\n').fault).toMatch(/^protocol\/not_json: .*\(seen: bye\)$/);
    expect(read(READY, '[]\n').fault).toMatch(/^protocol\/not_object/);
  });

  it('does not blame a line that the end of the container cut', () => {
    expect(read(READY, ANSWER.slice(0, 20)).fault).toBeNull();
  });

  it('counts errors that carry the nonce as answers to runs', () => {
    const error = '{"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"m","data":{"nonce":"n"}}}\n';
    expect(read(READY, error)).toMatchObject({ runAnswers: 1, fault: null });
  });
});
