// The real program as a child process with a data folder of its own, on free loopback ports. Used by every test that needs the whole.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

export interface GantryOptions {
  /** content of system.yaml */
  readonly system?: string;
  /** content of pipelines.yaml; the repository's own unless given */
  readonly pipelines?: string;
  /** folder of plugins; the repository's own unless given */
  readonly plugins?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** starts with `--demo`, as `npm start` does */
  readonly isDemo?: boolean;
  /** an instance folder to go on with; else a new one, removed at the end */
  readonly folder?: string;
  /** hears of the process before it listens */
  readonly onSpawned?: (pid: number) => void;
}

export interface Gantry extends AsyncDisposable {
  readonly url: string;
  readonly metricsUrl: string;
  readonly pid: number;
  /** the instance's folder: data/, system.yaml, pipelines.yaml */
  readonly folder: string;
  /** stderr so far */
  errors(): string;
  /** Sends the signal and waits for the end; gives the exit code (null when a signal ended it). */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  /** Runs a CLI command against the same data folder. */
  cli(...args: string[]): Promise<CliEnd>;
}

export interface CliEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const READY_MS = 120_000;
const END_MS = 120_000;

/** An instance folder with the given files and the environment that points a program at it. */
export async function makeInstance(
  options: GantryOptions = {},
): Promise<{ folder: string; environment: Record<string, string> }> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'gantry-test-')));
  await writeFile(join(folder, 'system.yaml'), options.system ?? '# defaults\n');
  if (options.pipelines !== undefined) await writeFile(join(folder, 'pipelines.yaml'), options.pipelines);
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GANTRY_') && name !== 'NODE_OPTIONS',
  );
  const dockerHost = process.env['GANTRY_TEST_DOCKER_HOST'];
  return {
    folder,
    environment: {
      ...(Object.fromEntries(inherited) as Record<string, string>),
      ...(dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost }),
      GANTRY_DATA: join(folder, 'data'),
      GANTRY_CONFIG: join(folder, 'system.yaml'),
      GANTRY_WEB_PORT: '0',
      GANTRY_METRICS_PORT: '0',
      GANTRY_LOGS_FOLDER: join(folder, 'logs'),
      ...(options.pipelines === undefined ? {} : { GANTRY_PIPELINES_FILE: join(folder, 'pipelines.yaml') }),
      ...(options.plugins === undefined ? {} : { GANTRY_PLUGINS_FOLDER: options.plugins }),
      ...options.environment,
    },
  };
}

/** Runs one CLI command to its end. */
export async function runGantry(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CliEnd> {
  const child = spawn(process.execPath, [join(ROOT, 'src', 'main.ts'), ...args], {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

/** Starts `gantry up` and waits until it listens. Dispose of it to end it and to remove its folder. */
export async function startGantry(options: GantryOptions = {}): Promise<Gantry> {
  const { folder, environment } = await makeInstance(options);
  const flags = options.isDemo === true ? ['--demo'] : [];
  const child = spawn(process.execPath, [join(ROOT, 'src', 'main.ts'), 'up', '--json', ...flags], {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.onSpawned?.(child.pid ?? 0);
  const errors = collect(child.stderr);
  const { url, metricsUrl } = await readAddresses(child, errors);
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => await endChild(child, signal);
  return {
    url,
    metricsUrl,
    pid: child.pid ?? 0,
    folder,
    errors,
    end,
    cli: (...args) => runGantry(args, environment),
    [Symbol.asyncDispose]: async () => {
      await end();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = [];
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => chunks.push(text));
  return () => chunks.join('');
}

async function readAddresses(
  child: ChildProcess & { readonly stdout: NodeJS.ReadableStream },
  errors: () => string,
): Promise<{ url: string; metricsUrl: string }> {
  const found = Promise.withResolvers<{ url: string; metricsUrl: string }>();
  const output = collect(child.stdout);
  const tooLate = setTimeout(() => {
    found.reject(new Error(`not listening after ${String(READY_MS)} ms:\n${errors()}`));
  }, READY_MS);
  child.stdout.on('data', () => {
    const document = firstDocument(output());
    if (document === null) return;
    if (isAddresses(document)) found.resolve(document);
    else found.reject(new Error(`it did not come to listen:\n${JSON.stringify(document)}\n${errors()}`));
  });
  child.once('close', (code) => {
    found.reject(new Error(`ended with ${String(code)} before it listened:\n${errors()}`));
  });
  try {
    return await found.promise;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(tooLate);
  }
}

/** The pretty-printed document that `up --json` writes; log lines, one document each, stand around it. Null: it is not whole yet. */
function firstDocument(text: string): unknown {
  const found = /^\{\n[^]*?^\}$/m.exec(text);
  return found === null ? null : JSON.parse(found[0]);
}

/** Else it tells why the program ends. */
function isAddresses(document: unknown): document is { url: string; metricsUrl: string } {
  return typeof document === 'object' && document !== null && 'url' in document && 'metricsUrl' in document;
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const closed = once(child, 'close') as Promise<[number | null]>;
  child.kill(signal);
  const hurry = setTimeout(() => child.kill('SIGKILL'), END_MS);
  try {
    const [code] = await closed;
    return code;
  } finally {
    clearTimeout(hurry);
  }
}
