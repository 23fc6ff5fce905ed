// A pipelines file that is edited while the program runs: what comes into force, and what does not.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PipelineBook, readPipelines } from '../../../src/compose/pipeline-book.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';
import { CollectingLogger } from '../../support/web/collecting-logger.ts';

const fileOf = (...hooks: readonly string[]): string =>
  `pipelines:\n  - name: one\n    hooks: [${hooks.map((name) => `{ name: ${name} }`).join(', ')}]\n`;

let folder: TemporaryFolder;
let path: string;
let logger: CollectingLogger;
let stored: string[];
let storeFault: Error | null;
let told: string[];

beforeEach(async () => {
  folder = await TemporaryFolder.make();
  path = join(folder.path, 'pipelines.yaml');
  await writeFile(path, fileOf('first'));
  [logger, stored, storeFault, told] = [new CollectingLogger(), [], null, []];
});
afterEach(() => folder[Symbol.asyncDispose]());

async function open(clock = new FakeClock()): Promise<PipelineBook> {
  const book = new PipelineBook({
    ...{ clock, logger, intervalMs: 1_000 },
    first: await readPipelines(path, 'pipelines.yaml'),
    store: (changed) => {
      if (storeFault !== null) return Promise.reject(storeFault);
      stored.push(...changed.map(({ name }) => name));
      return Promise.resolve();
    },
  });
  book.onChange((declared) => told.push([...declared.keys()].join(',')));
  return book;
}

const hooksOf = (book: PipelineBook): readonly string[] | undefined =>
  book
    .current()
    .get('one')
    ?.hooks.map(({ name }) => name);

describe('the pipelines in force', () => {
  it('are those of the file when the program started, as long as nothing is changed', async () => {
    await using book = await open();
    await book.reload();
    expect(hooksOf(book)).toEqual(['first']);
    expect([stored, told, logger.lines]).toEqual([[], [], []]);
  });

  it('follow the file once their versions are stored, and tell it', async () => {
    await using book = await open();
    await writeFile(path, `${fileOf('first', 'second')}  - name: two\n    hooks: [{ name: other }]\n`);
    await book.reload();
    expect(hooksOf(book)).toEqual(['first', 'second']);
    expect([stored, told, book.problems()]).toEqual([['one', 'two'], ['one,two'], []]);
    await writeFile(path, fileOf('first', 'second'));
    await book.reload();
    // Nothing of what stayed is stored again.
    expect([stored, told]).toEqual([
      ['one', 'two'],
      ['one,two', 'one'],
    ]);
    expect(logger.lines.map(({ level }) => level)).toEqual(['info', 'info']);
  });

  it.each([
    ['has a mistake', 'pipelines:\n  - name: One\n    hooks: []\n', 'PIPELINE_INVALID', 2],
    ['is no YAML', 'pipelines: [\n', 'CONFIG_SYNTAX', null],
    ['is gone', null, 'CONFIG_NOT_FOUND', null],
  ])('stay when the file %s, whose problems are told once and until they are mended', async (_, text, code, line) => {
    await using book = await open();
    await (text === null ? rm(path) : writeFile(path, text));
    await book.reload();
    await book.reload();
    expect(hooksOf(book)).toEqual(['first']);
    expect(book.problems()[0]).toMatchObject({ code, ...(line === null ? {} : { line }) });
    expect(logger.lines.map(({ level }) => level)).toEqual(['error']);
    await writeFile(path, fileOf('mended'));
    await book.reload();
    expect([hooksOf(book), book.problems()]).toEqual([['mended'], []]);
  });

  it('stay while their versions cannot be stored, and come when they can', async () => {
    await using book = await open();
    storeFault = new GantryError('STORE_UNAVAILABLE', 'the store is away');
    await writeFile(path, fileOf('second'));
    await book.reload();
    expect([hooksOf(book), book.problems()[0]?.code]).toEqual([['first'], 'STORE_UNAVAILABLE']);
    storeFault = null;
    await book.reload();
    expect([hooksOf(book), book.problems()]).toEqual([['second'], []]);
  });

  it('follow the file by themselves, once it stood still for two looks', async () => {
    const clock = new FakeClock();
    const book = await open(clock);
    const seen: (readonly string[] | undefined)[] = [];
    const changed = Promise.withResolvers<undefined>();
    book.onChange(() => {
      seen.push(hooksOf(book));
      changed.resolve(undefined);
    });
    await writeFile(path, fileOf('half'));
    book.start();
    await untilAsleep(clock);
    // The first look saw `half`; at the second one something else stands there.
    await writeFile(path, fileOf('whole'));
    await clock.advance(1_000);
    await untilAsleep(clock);
    expect(seen).toEqual([]);
    await clock.advance(1_000);
    await changed.promise;
    expect(seen).toEqual([['whole']]);
    await book[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});

async function untilAsleep(clock: FakeClock): Promise<void> {
  while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve));
}
