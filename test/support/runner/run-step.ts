// One command of the test run: its output goes through, its end is its exit code. Nothing is retried.
import { spawn, type ChildProcess } from 'node:child_process';
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

let current: ChildProcess | null = null;
let isStopped = false;

/** Ends the step that runs; no further one is started. The run goes on to its clean-up. */
export function stopSteps(): void {
  isStopped = true;
  current?.kill('SIGTERM');
}

export async function runStep(step: Step, isQuiet = false): Promise<StepEnd> {
  if (isStopped) return { name: step.name, exitCode: 1, seconds: 0, output: 'not started: the run was stopped\n' };
  const startedMs = performance.now();
  const [program = '', ...args] = step.command;
  const child = spawn(program, args, {
    stdio: ['ignore', isQuiet ? 'pipe' : 'inherit', isQuiet ? 'pipe' : 'inherit'],
    env: { ...process.env, ...step.environment },
  });
  if (!isQuiet) current = child;
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
