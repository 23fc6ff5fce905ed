// Streams that keep what is written to them, for tests of what the CLI prints.
import { Output } from '../../../src/cli/output.ts';

export interface Printed {
  readonly output: Output;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** @param isTTY both streams are a terminal, one that shows colours */
export function printed({ isJson = false, isTTY = false } = {}): Printed {
  const written = { stdout: '', stderr: '' };
  const output = new Output(
    {
      stdout: { write: (text: string) => (written.stdout += text), isTTY },
      stderr: { write: (text: string) => (written.stderr += text), isTTY },
    },
    isJson,
    isTTY,
  );
  return { output, stdout: () => written.stdout, stderr: () => written.stderr };
}
