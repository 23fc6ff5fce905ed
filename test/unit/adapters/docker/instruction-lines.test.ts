// Line numbers of instructions, as an editor shows them.
import { expect, test } from 'vitest';
import { instructionLines } from '../../../../src/adapters/docker/instruction-lines.ts';

test('finds the first line of each instruction past comments, blank lines and continued lines', () => {
  const dockerfile = ['# a comment', 'FROM x', '', 'RUN one \\', '  # inside', '  && two', 'COPY . /app', ''].join(
    '\n',
  );
  expect(instructionLines(dockerfile)).toEqual([2, 4, 7]);
});

test('honours the escape directive', () => {
  expect(instructionLines('# escape=`\nFROM x\nRUN a `\n b\nRUN c:\\\nRUN d')).toEqual([2, 3, 5, 6]);
});
