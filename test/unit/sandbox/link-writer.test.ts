// When lines leave together, and that nothing is asked for while something is still being written.
import { expect, test } from 'vitest';
import type { Attachment } from '../../../src/core/ports/container-engine.ts';
import { LinkWriter } from '../../../src/sandbox/session/link-writer.ts';
import { settleChains } from '../../support/clock/fake-clock.ts';

const TEXT = new TextDecoder();

/** Takes as many writes at once as it has room for. */
class Pipe implements Attachment {
  readonly written: string[] = [];
  room = Infinity;
  isClosed = false;
  #emptied = Promise.withResolvers<undefined>();

  read(): Promise<void> {
    return Promise.resolve();
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(TEXT.decode(bytes));
    this.room -= 1;
    return this.room >= 0;
  }

  async flushed(): Promise<void> {
    await this.#emptied.promise;
  }

  empty(): void {
    this.room = Infinity;
    this.#emptied.resolve(undefined);
  }

  closeInput(): void {
    this.isClosed = true;
  }

  [Symbol.dispose](): void {
    this.isClosed = true;
  }
}

function writerOf(pipe: Pipe): { readonly writer: LinkWriter; readonly lines: string[]; readonly sent: number[] } {
  const lines: string[] = [];
  const sent: number[] = [];
  const writer = new LinkWriter(pipe, new AbortController().signal, {
    takeOutput: () => lines.splice(0).map((line) => new TextEncoder().encode(line)),
    lastRunId: () => 7,
    onSent: (id) => sent.push(id),
  });
  return { writer, lines, sent };
}

test('a lone line leaves before anything else is done', () => {
  const pipe = new Pipe();
  const { writer, lines, sent } = writerOf(pipe);
  lines.push('one\n');
  writer.write(false);
  expect([pipe.written, sent]).toEqual([['one\n'], [7]]);
});

test('what several runs say in one turn leaves in one piece, unless it is long', async () => {
  const pipe = new Pipe();
  const { writer, lines } = writerOf(pipe);
  for (const line of ['one\n', 'two\n', 'three\n']) {
    lines.push(line);
    writer.write(true);
  }
  await settleChains();
  const long = `${'x'.repeat(64 * 1024)}\n`;
  lines.push(long, 'four\n');
  writer.write(true);
  await settleChains();
  expect(pipe.written).toEqual(['one\ntwo\nthree\n', long, 'four\n']);
});

test('memory of what is long is given back once it has left', async () => {
  const pipe = new Pipe();
  pipe.room = 0;
  const long = new Uint8Array(100_000).fill(120);
  const lines = [[long, new Uint8Array([10])]];
  const speech = { takeOutput: () => lines.pop() ?? [], lastRunId: () => 1, onSent: () => 1 };
  new LinkWriter(pipe, new AbortController().signal, speech).write(false);
  await settleChains();
  expect(long.length).toBe(100_000);
  pipe.empty();
  await settleChains();
  expect([long.length, pipe.written.join('')]).toEqual([0, `${'x'.repeat(100_000)}\n`]);
});

test('nothing more is asked for while the plugin does not read, and its input ends when all is written', async () => {
  const pipe = new Pipe();
  pipe.room = 0;
  const { writer, lines, sent } = writerOf(pipe);
  lines.push('one\n');
  writer.write(false);
  lines.push('two\n');
  writer.endInput();
  writer.write(false);
  await settleChains();
  expect([pipe.written, lines, sent, pipe.isClosed]).toEqual([['one\n'], ['two\n'], [], false]);
  pipe.empty();
  await settleChains();
  expect([pipe.written, lines, sent, pipe.isClosed]).toEqual([['one\n', 'two\n'], [], [7, 7], true]);
});
