// The frames of an attach stream; a container decides how they are cut.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Demux } from '../../../../src/adapters/docker/demux.ts';

type Stream = 'stdout' | 'stderr';

function frame(stream: Stream, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

function split(chunks: readonly Uint8Array[]): Record<Stream, Buffer> {
  const demux = new Demux();
  const pieces: Record<Stream, Uint8Array[]> = { stdout: [], stderr: [] };
  for (const chunk of chunks) demux.split(chunk, (stream, bytes) => void pieces[stream].push(bytes));
  return { stdout: Buffer.concat(pieces.stdout), stderr: Buffer.concat(pieces.stderr) };
}

describe('Demux', () => {
  test('gives the same streams however the bytes are cut into chunks', () => {
    const frames = fc.array(fc.tuple(fc.constantFrom<Stream>('stdout', 'stderr'), fc.uint8Array({ maxLength: 40 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 30 }), (list, chunkLength) => {
        const whole = Buffer.concat(list.map(([stream, bytes]) => frame(stream, bytes)));
        const chunks: Buffer[] = [];
        for (let at = 0; at < whole.length; at += chunkLength) chunks.push(whole.subarray(at, at + chunkLength));
        const wanted = (name: Stream): Buffer =>
          Buffer.concat(list.filter(([stream]) => stream === name).map(([, bytes]) => bytes));
        expect(split(chunks)).toEqual({ stdout: wanted('stdout'), stderr: wanted('stderr') });
      }),
    );
  });

  test('survives a chunk of a hundred thousand one-byte frames', () => {
    const one = frame('stdout', Buffer.from('x'));
    const chunk = Buffer.concat(Array.from({ length: 100_000 }, () => one));
    expect(split([chunk]).stdout.length).toBe(100_000);
  });

  test('passes a long frame on in pieces instead of collecting it', () => {
    const demux = new Demux();
    const whole = frame('stderr', Buffer.alloc(1000, 1));
    const first: [Stream, number][] = [];
    demux.split(whole.subarray(0, 108), (stream, bytes) => void first.push([stream, bytes.length]));
    expect(first).toEqual([['stderr', 100]]);
  });

  test('refuses what is no stream of frames', () => {
    const refused = (): void => {
      new Demux().split(Buffer.from('plain text'), () => undefined);
    };
    expect(refused).toThrow(/unknown kind/);
  });
});
