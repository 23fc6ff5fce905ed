// Streams of JSON messages, cut where it hurts.
import { describe, expect, test } from 'vitest';
import { jsonLines } from '../../../../src/adapters/docker/json-lines.ts';

async function read(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const messages: unknown[] = [];
  // eslint-disable-next-line @typescript-eslint/require-await -- an async source of chunks that are there already
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  for await (const message of jsonLines(source())) messages.push(message);
  return messages;
}

describe('jsonLines', () => {
  test('reads messages that are cut anywhere, even inside a character', async () => {
    const whole = Buffer.from('{"a":"ü€"}\r\n\n{"b":2}\n{"c":3}');
    const single = [...whole].map((byte) => Uint8Array.of(byte));
    const wanted = [{ a: 'ü€' }, { b: 2 }, { c: 3 }];
    expect(await read([whole])).toEqual(wanted);
    expect(await read(single)).toEqual(wanted);
  });

  test('refuses a line that is no JSON', async () => {
    await expect(read([Buffer.from('{"a":1}\noops\n')])).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });

  test('refuses a line beyond all measure without holding it', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    await expect(read(Array.from({ length: 6 }, () => piece))).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});
