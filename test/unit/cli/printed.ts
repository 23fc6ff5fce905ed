// Streams that keep what is written to them, for tests of what the CLI prints.
import { Output } from '../../../src/cli/output.ts';

export interface Printed {
  readonly output: Output;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export function printed({ isJson = false, isTTY = false } = {}): Printed {
  const written = { stdout: '', stderr: '' };
  const output = new Output(
    {
      stdout: { write: (text: string) => (written.stdout += text) },
      stderr: { write: (text: string) => (written.stderr += text), isTTY },
    },
    isJson,
  );
  return { output, stdout: () => written.stdout, stderr: () => written.stderr };
}
