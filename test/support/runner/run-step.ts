// One command of the test run: its output goes through, its end is its exit code. Nothing is retried.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface StepEnd {
  readonly name: string;
  readonly exitCode: number;
  readonly seconds: number;
  /** captured when `isQuiet`, else empty: it went to the terminal */
  readonly output: string;
}

export async function runStep(step: Step, isQuiet = false): Promise<StepEnd> {
  const startedMs = performance.now();
  const [program = '', ...args] = step.command;
  const child = spawn(program, args, {
    stdio: ['ignore', isQuiet ? 'pipe' : 'inherit', isQuiet ? 'pipe' : 'inherit'],
    env: { ...process.env, ...step.environment },
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  const [code] = (await once(child, 'close')) as [number | null];
  return {
    name: step.name,
    exitCode: code ?? 1,
    seconds: (performance.now() - startedMs) / 1000,
    output: chunks.join(''),
  };
}
