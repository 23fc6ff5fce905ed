// How the tests start the fixture plugin of each SDK as a local process. A missing toolchain fails the tests with its
// name: an SDK that nobody could run is not an SDK that works.
import { execFileSync, spawn, spawnSync, type ExecFileSyncOptions } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ProcessUnderTest } from './conversation.ts';
import { JAVA_OPTIONS } from '../../../src/plugins/image/recipes.ts';

const RUNTIMES = path.join(import.meta.dirname, '../../../docker/runtimes');
const FIXTURES = path.join(import.meta.dirname, 'fixtures');

/** A build that reaches no network and is the same for every test, so that Go's cache serves the second one. */
export const GO_ENVIRONMENT: NodeJS.ProcessEnv = {
  ...process.env,
  GOPROXY: 'off',
  GOFLAGS: '-mod=mod',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  CGO_ENABLED: '0',
};

export interface SdkLanguage {
  readonly name: string;
  /** Whether several invocations can be at work at once. */
  readonly isConcurrent: boolean;
  /** Whether its SDK has the host services. */
  readonly hasServices?: boolean;
  /** A program without which the language cannot be tried: its tests are skipped where it is missing. */
  readonly needs?: string;
  /** Cases of the shared table the language has no means to pass; docs/protocol.md says so to authors. */
  readonly cannot: readonly string[];
  /** Makes the fixture ready; returns the command that starts it. */
  readonly prepare: (folder: string) => readonly [string, ...string[]];
}

export const SDK_LANGUAGES: readonly SdkLanguage[] = [
  {
    name: 'python',
    isConcurrent: true,
    hasServices: true,
    cannot: [],
    prepare: () => ['python3', path.join(FIXTURES, 'plugin.py')],
  },
  {
    name: 'node',
    isConcurrent: true,
    hasServices: true,
    cannot: ['child'],
    prepare: () => [process.execPath, path.join(FIXTURES, 'plugin.mjs')],
  },
  {
    name: 'shell',
    isConcurrent: false,
    cannot: ['until_cancelled'],
    prepare: () => ['sh', path.join(FIXTURES, 'plugin.sh')],
  },
  { name: 'go', isConcurrent: true, cannot: ['exit'], prepare: buildGo },
  {
    name: 'rust',
    isConcurrent: true,
    needs: 'rustc',
    cannot: [],
    prepare: (folder) => buildRust(folder, path.join(FIXTURES, 'rust/plugin.rs')),
  },
  {
    name: 'java',
    isConcurrent: true,
    needs: 'javac',
    cannot: ['child'],
    prepare: (folder) => buildJava(folder, path.join(FIXTURES, 'java/Plugin.java'), 'Plugin'),
  },
];

/** Python and Go are part of the project's own set-up; the toolchains of the other two may be missing on a machine. */
export function isTryable({ needs }: SdkLanguage): boolean {
  return needs === undefined || spawnSync(needs, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Compiles one source file with the SDK; returns the command that starts it. */
export function buildRust(folder: string, source: string): [string] {
  const program = path.join(folder, 'plugin');
  const library = path.join(folder, 'libgantry.rlib');
  const options: ExecFileSyncOptions = { stdio: ['ignore', 'ignore', 'inherit'] };
  const common = ['--edition', '2021', '-O'];
  const sdk = path.join(RUNTIMES, 'rust/gantry.rs');
  execFileSync('rustc', [...common, '--crate-type', 'rlib', '--crate-name', 'gantry', '-o', library, sdk], options);
  execFileSync('rustc', [...common, '--extern', `gantry=${library}`, '-o', program, source], options);
  return [program];
}

/** Compiles one class with the SDK; returns the command that starts it. */
export function buildJava(folder: string, source: string, name: string): [string, ...string[]] {
  const sdk = path.join(RUNTIMES, 'java/Gantry.java');
  const options = ['-XDignore.symbol.file', '-encoding', 'UTF-8', '-d', folder];
  execFileSync('javac', [...options, sdk, source], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return ['java', ...JAVA_OPTIONS, '-cp', folder, name];
}

function buildGo(folder: string): readonly [string] {
  const program = path.join(folder, 'plugin');
  execFileSync('go', ['build', '-o', program, '.'], {
    cwd: path.join(FIXTURES, 'go'),
    env: GO_ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return [program];
}

export interface SdkAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class SdkPlugin implements Disposable {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'gantry-sdk-'));
  readonly #command: readonly [string, ...string[]];

  constructor(language: SdkLanguage) {
    this.#command = language.prepare(this.#folder);
  }

  /**
   * Gives the plugin one document on stdin and collects all it says until it ends.
   * @param cancelAt when given: SIGTERM is sent once stderr holds this text
   */
  async ask(input: string, cancelAt?: string): Promise<SdkAnswer> {
    const [program, ...args] = this.#command;
    const child = spawn(program, args, { stdio: 'pipe', detached: true });
    const ended = new Promise<Pick<SdkAnswer, 'exitCode' | 'signal'>>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => {
        resolve({ exitCode, signal });
      });
    });
    child.stdin.on('error', () => undefined); // a plugin may end without reading: its exit code tells
    child.stdin.end(input);
    let isCancelled = false;
    const cancel = (said: string): void => {
      if (cancelAt === undefined || isCancelled || child.pid === undefined || !said.includes(cancelAt)) return;
      isCancelled = true;
      process.kill(-child.pid, 'SIGTERM'); // the whole group, as nothing of a container outlives its first process
    };
    const [stdout, stderr, ending] = await Promise.all([text(child.stdout), text(child.stderr, cancel), ended]);
    return { stdout, stderr, ...ending };
  }

  /** Starts the plugin for a conversation; the caller ends it. */
  start(): ProcessUnderTest {
    const [program, ...args] = this.#command;
    const child = spawn(program, args, { stdio: 'pipe', detached: true });
    child.stdin.on('error', () => undefined); // a plugin may be gone: what is awaited tells
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return {
      ...{ stdout: child.stdout, stderr: child.stderr, ended },
      write: (bytes) => void child.stdin.write(bytes),
      endInput: () => void child.stdin.end(),
      kill: () => {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      },
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function text(stream: NodeJS.ReadableStream, onText: (said: string) => void = () => undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    if (chunks.length < 50) onText(Buffer.concat(chunks).toString('utf8'));
  }
  return Buffer.concat(chunks).toString('utf8');
}
