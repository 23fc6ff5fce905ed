// A command of `gantry` as it is typed, run in this process: its exit code and what it wrote.
import { runCli } from '../../../src/cli/run-cli.ts';

export interface Typed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Place {
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** @param place where it is typed; this repository, with no environment, unless given */
export async function typeCommand(
  argv: readonly string[],
  { root, environment }: Place = { root: process.cwd(), environment: {} },
): Promise<Typed> {
  const written = { stdout: '', stderr: '' };
  const exitCode = await runCli({
    argv,
    root,
    environment,
    streams: {
      stdout: { write: (text: string) => (written.stdout += text) },
      stderr: { write: (text: string) => (written.stderr += text) },
    },
    stop: new AbortController().signal,
  });
  return { exitCode, ...written };
}
