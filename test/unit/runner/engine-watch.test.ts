// The watch over the engine ends a whole test run, so it must not be wrong: only starts that do not end count, and only in a row.
import { expect, test } from 'vitest';
import { watchEngine } from '../../support/runner/engine-watch.ts';

/** Starts that end, fail, or hang until they are given up, in turn; then all end. */
async function toldOf(...starts: readonly ('ends' | 'fails' | 'hangs')[]): Promise<readonly string[]> {
  const told: string[] = [];
  const over = Promise.withResolvers<undefined>();
  let count = 0;
  const start = async (signal: AbortSignal): Promise<void> => {
    const kind = starts[count];
    count += 1;
    if (kind === undefined) over.resolve(undefined);
    if (kind === 'fails') throw new Error('no such image');
    if (kind !== 'hangs') return;
    const givenUp = Promise.withResolvers<undefined>();
    signal.addEventListener('abort', () => {
      givenUp.reject(new Error('given up'));
    });
    await givenUp.promise;
  };
  const onHung = (line: string): void => {
    told.push(line);
    over.resolve(undefined);
  };
  await using _watch = watchEngine({ start, onHung, pauseMs: 1, patienceMs: 200 });
  await over.promise;
  return told;
}

test('tells once that nothing is started any more', async () => {
  expect(await toldOf('ends', 'hangs', 'hangs')).toEqual([
    expect.stringMatching(/started no container for .* it hangs/),
  ]);
});

test('says nothing of starts that fail, and of one that is given up between others that end', async () => {
  expect(await toldOf('fails', 'fails', 'hangs', 'ends', 'hangs', 'fails')).toEqual([]);
});
