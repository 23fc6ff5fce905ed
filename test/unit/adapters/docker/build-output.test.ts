// The messages of a build in the forms the classic builder sends them.
import { describe, expect, test } from 'vitest';
import { BuildOutput } from '../../../../src/adapters/docker/build-output.ts';

function outputOf(messages: readonly Parameters<BuildOutput['take']>[0][]): { output: BuildOutput; lines: string[] } {
  const lines: string[] = [];
  const output = new BuildOutput((line) => void lines.push(line));
  for (const message of messages) output.take(message);
  output.finish();
  return { output, lines };
}

const says = (stream: string): { stream: string } => ({ stream });

describe('BuildOutput', () => {
  test('hands over whole lines however the messages are cut', () => {
    const { lines } = outputOf([says('Step 1/1 : FR'), says('OM x\n'), says('one\ntwo\r\n\nthr'), says('ee')]);
    expect(lines).toEqual(['Step 1/1 : FROM x', 'one', 'two', 'three']);
  });

  test('cuts a line without end instead of holding it', () => {
    const { lines } = outputOf(Array.from({ length: 40 }, () => says('x'.repeat(1024))));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join('').length).toBe(40 * 1024);
  });

  test('learns of a failure from the messages alone, with the step under way', () => {
    const { output, lines } = outputOf([
      says('Step 2/3 : RUN make\n'),
      { errorDetail: { message: 'returned 2' }, error: 'returned 2' },
    ]);
    expect([output.error, output.step, output.imageId]).toEqual([
      'returned 2',
      { number: 2, instruction: 'RUN make' },
      null,
    ]);
    expect(lines.at(-1)).toBe('returned 2');
  });

  test('names the last layers of the stages that a finished build leaves behind, never its image', () => {
    const [base, first, last] = ['0'.repeat(12), 'a'.repeat(12), 'b'.repeat(12)];
    const { output } = outputOf([
      says(`Step 1/4 : FROM x AS build\n ---> ${base}\n`),
      says(`Step 2/4 : RUN make\n ---> Running in ${'c'.repeat(12)}\n ---> ${first}\n`),
      says(`Step 3/4 : FROM x\n ---> ${base}\nStep 4/4 : COPY --from=build a b\n ---> ${last}\n`),
      { aux: { ID: 'sha256:bb' } },
    ]);
    expect(output.imageId).toBe('sha256:bb');
    expect(output.leftovers()).toEqual([first]);
  });

  test('names the last layer of a failed build, too', () => {
    const layer = 'a'.repeat(12);
    const { output } = outputOf([says(`Step 1/2 : FROM x\n ---> ${layer}\nStep 2/2 : RUN false\n`), { error: 'no' }]);
    expect(output.leftovers()).toEqual([layer]);
  });
});
